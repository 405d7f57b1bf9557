"""Any metric by its name: under which dimensions it is a service's, and what is said where it is not."""

from __future__ import annotations

import pytest

from bot.domain import AlarmMetric, Target
from bot.errors import NotFoundError, UpstreamError
from bot.signal import Signal
from bot.signals import ecs
from bot.signals.custom import custom
from bot.signals.kinds import owned
from tests.bot.signals.readings import a_metric, a_service, an_alarm
from tests.scene import Scene

API = a_service(needs={"database": {"instance": "bi-db"}, "queues": ["https://sqs.eu-west-1.amazonaws.com/1/work"]})


def asked(scene: Scene, word: str, *known: AlarmMetric, stat: str = "", target: Target = API) -> Signal:
    scene.metrics.known = list(known)
    return custom(target, target.account, word, stat, owned(target, ecs.of_tasks(target), ()), scene.world)


def test_it_is_found_by_what_the_configuration_names(scene: Scene) -> None:
    ours, theirs = (a_metric("AWS/RDS/DatabaseConnections", "", DBInstanceIdentifier=name) for name in ("bi-db", "x"))
    found = asked(scene, "AWS/RDS/DatabaseConnections", theirs, ours)
    assert (found.name, found.title, found.unit) == ("AWS/RDS/DatabaseConnections", "DatabaseConnections", "")
    (line,) = found.lines
    assert (line.metrics[0].dimensions, line.statistic) == (ours.dimensions, "Average")


def test_of_several_sets_the_one_that_says_most_about_the_service_and_least_besides_is_shown(scene: Scene) -> None:
    where = {"ClusterName": "c", "ServiceName": "api"}
    service = a_metric("ECS/ContainerInsights/CpuUtilized", "", **where)
    task = a_metric("ECS/ContainerInsights/CpuUtilized", "", TaskId="1", **where)
    cluster = a_metric("ECS/ContainerInsights/CpuUtilized", "", ClusterName="c")
    other = a_metric("ECS/ContainerInsights/CpuUtilized", "", ClusterName="c", ServiceName="other")
    (line,) = asked(scene, "ECS/ContainerInsights/CpuUtilized", task, cluster, other, service).lines
    assert line.metrics[0].dimensions == service.dimensions


def test_one_dimension_more_makes_a_line_for_each_of_its_values(scene: Scene) -> None:
    operations = [a_metric("AWS/SQS/Age", "", QueueName="work", Kind=kind) for kind in ("b", "a")]
    assert [line.label for line in asked(scene, "AWS/SQS/Age", *operations).lines] == ["a", "b"]


def test_counts_are_summed_per_minute_and_a_statistic_can_be_said(scene: Scene) -> None:
    metric = a_metric("BI/Api/Timeouts", "", Environment="production")
    counted = asked(scene, "BI/Api/Timeouts", metric)
    assert (counted.unit, counted.lines[0].per_minute, counted.lines[0].statistic) == ("/min", True, "Sum")
    assert asked(scene, "BI/Api/Timeouts", metric, stat="p99").lines[0].statistic == "p99"


def test_an_environment_alone_is_that_of_others_too(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="Zoo/Backend Visitors is not measured for bi/api production"):
        asked(scene, "Zoo/Backend/Visitors", a_metric("Zoo/Backend/Visitors", "", Environment="production"))


def test_an_alarm_of_the_service_makes_what_it_watches_its_own() -> None:
    alarm = an_alarm("t", "AWS/DynamoDB/ThrottledRequests", {"TableName": "bi_datasets"}, "Sum", 0.0)
    assert owned(API, (), (alarm,))["TableName"] == {"bi_datasets"}


def test_what_is_of_the_whole_account_is_shown_where_there_is_nothing_else(scene: Scene) -> None:
    (line,) = asked(scene, "AWS/DynamoDB/UserErrors", a_metric("AWS/DynamoDB/UserErrors", "")).lines
    assert line.metrics[0].dimensions == {}


def test_capitals_do_not_count_where_only_one_can_be_meant(scene: Scene) -> None:
    metric = a_metric("AWS/RDS/CPUUtilization", "", DBInstanceIdentifier="bi-db")
    assert asked(scene, "AWS/RDS/cpuutilization", metric).title == "CPUUtilization"


def test_a_misspelt_metric_is_answered_with_the_nearest(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="no metric DatabaseConection in AWS/RDS") as raised:
        asked(scene, "AWS/RDS/DatabaseConection", a_metric("AWS/RDS/DatabaseConnections", ""))
    assert raised.value.hint == "Did you mean DatabaseConnections?"


def test_an_unknown_namespace_is_said_with_an_example(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="no metrics of the namespace AWS/Rdss in eu-west-1") as raised:
        asked(scene, "AWS/Rdss/CPUUtilization")
    assert "AWS/RDS/DatabaseConnections" in raised.value.hint


def test_what_may_not_be_listed_names_the_permission(scene: Scene) -> None:
    scene.metrics.failures.add("listed", UpstreamError("AWS denied cloudwatch:ListMetrics."))
    with pytest.raises(UpstreamError, match="cloudwatch:ListMetrics"):
        asked(scene, "AWS/RDS/CPUUtilization")
