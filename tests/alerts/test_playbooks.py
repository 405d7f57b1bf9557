"""An alarm gets the most specific playbook that fits, and always the same one."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from alerts.playbook import Playbook
from alerts.playbooks import Playbooks
from bot.catalog import Catalog
from bot.domain import Alarm, AlarmMetric, AlarmState
from tests.scene import the_systems

CATALOG = Catalog(the_systems())
API, JOBS = CATALOG.find("bi/api", "production"), CATALOG.find("bi/jobs", "production")
STEPS = [{"do": "log_errors"}]


def alarm(name: str = "x", metric: str = "", namespace: str = "AWS/ECS", children: tuple[str, ...] = ()) -> Alarm:
    watched = AlarmMetric(namespace=namespace, name=metric) if metric else None
    return Alarm(arn="arn", name=name, state=AlarmState.ALARM, at=1.0, metric=watched, children=children)


def books(**written: dict[str, Any]) -> Playbooks:
    whole = {"default": {"steps": STEPS}} | written
    return Playbooks({name: Playbook.model_validate({"title": name, **each}) for name, each in whole.items()})


def chosen(playbooks: Playbooks, of: Alarm, target: Any = API) -> str:
    return playbooks.choose(of, target)[0]


def test_an_alarm_that_nothing_fits_gets_the_default() -> None:
    name, playbook = books(errors={"alarms": ["*5xx*"]}).choose(alarm("cpu"), API)
    assert (name, playbook.title) == ("default", "default")


def test_a_name_is_matched_whatever_its_case() -> None:
    assert chosen(books(errors={"alarms": ["*-5XX"]}), alarm("Api-5xx")) == "errors"


def test_the_metric_is_matched_alone_or_with_its_namespace() -> None:
    playbooks = books(lam={"metrics": ["AWS/Lambda/*"]}, cpu={"metrics": ["cpuutilization"]})
    assert chosen(playbooks, alarm(metric="CPUUtilization")) == "cpu"
    assert chosen(playbooks, alarm(metric="Errors", namespace="AWS/Lambda")) == "lam"
    assert chosen(playbooks, alarm(metric="Errors", namespace="AWS/S3")) == "default"


def test_a_composite_alarm_is_known_by_its_children() -> None:
    child = "arn:aws:cloudwatch:eu-west-1:1:alarm:api-5xx"
    assert chosen(books(errors={"alarms": ["*-5xx"]}), alarm("down", children=(child,))) == "errors"


def test_a_systems_own_wins_over_a_shared_one_and_a_name_over_a_metric() -> None:
    ladder: dict[str, dict[str, Any]] = {
        "own-by-name": {"systems": ["bi"], "alarms": ["*pi-5*"]},
        "own-by-metric": {"systems": ["bi"], "metrics": ["*Count"]},
        "by-name": {"alarms": ["api-5xx"]},
        "by-metric": {"metrics": ["RequestCount"]},
        "own": {"systems": ["bi"], "steps": STEPS},
        "default": {"steps": STEPS},
    }
    fired = alarm("api-5xx", "RequestCount")
    while ladder:
        best = next(iter(ladder))
        assert chosen(books(**ladder), fired) == best
        del ladder[best]


def test_a_playbook_of_another_system_or_kind_is_none_for_this_service() -> None:
    playbooks = books(zoo={"systems": ["zoo"], "alarms": ["*"]}, functions={"kinds": ["lambda"], "alarms": ["*"]})
    assert chosen(playbooks, alarm()) == "default"
    assert chosen(playbooks, alarm(), JOBS) == "functions"
    assert chosen(playbooks, alarm(), None) == "default"


def test_of_equals_the_pattern_that_says_most_wins_then_the_kind_then_the_name() -> None:
    told = {
        "zebra": {"alarms": ["*throttles*"]},
        "ant": {"alarms": ["*throttle*"]},
        "functions": {"alarms": ["*THROTTLES*"], "kinds": ["lambda"]},
    }
    for order in permutations(told):
        playbooks = books(**{name: told[name] for name in order})
        assert chosen(playbooks, alarm("jobs-throttles"), JOBS) == "functions"
        assert chosen(playbooks, alarm("api-throttles"), API) == "zebra"
        assert chosen(books(b={"alarms": ["*x"]}, a={"alarms": ["x*"]}), alarm("x"), API) == "a"


def test_what_is_extended_comes_first_and_an_own_step_of_the_same_name_takes_its_place() -> None:
    base = {
        "steps": [{"do": "stopped_tasks"}, {"do": "log_errors", "minutes": 15}, {"do": "target_health"}],
        "remedies": [{"advise": "first", "when": {"fact": "a", "above": 1}}],
        "alarms": ["*5xx*"],
        "kinds": ["ecs"],
    }
    own = {
        "extends": "errors",
        "systems": ["bi"],
        "steps": [{"do": "alarm_metric"}, {"do": "log_errors", "minutes": 60}],
        "remedies": [{"advise": "second"}],
    }
    name, playbook = books(errors=base, mine=own).choose(alarm("api-5xx"), API)
    assert name == "mine"
    assert [step.do for step in playbook.steps] == ["stopped_tasks", "log_errors", "target_health", "alarm_metric"]
    assert getattr(playbook.steps[1], "minutes", 0) == 60
    assert [remedy.advise for remedy in playbook.remedies] == ["first", "second"]
    assert playbook.kinds == ("ecs",)


def test_own_patterns_take_the_place_of_those_extended() -> None:
    playbooks = books(errors={"alarms": ["*5xx*"], "steps": STEPS}, mine={"extends": "errors", "alarms": ["*4xx*"]})
    assert chosen(playbooks, alarm("api-4xx")) == "mine"
    assert chosen(playbooks, alarm("api-5xx")) == "errors"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"a": {"extends": "b"}, "b": {"extends": "a"}}, "a extends b extends a: a circle"),
        ({"a": {"extends": "nobody"}}, "a extends nobody, which there is none of"),
    ],
)
def test_what_loading_would_have_refused_is_refused_here_too(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        books(**written)


def test_without_a_default_there_is_no_choice() -> None:
    with pytest.raises(ValueError, match="no playbook called default"):
        Playbooks({})


def test_a_playbook_is_found_by_its_name() -> None:
    assert books()["default"].title == "default"
