from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.aws.server import AwsServer
from sandbox.aws.trail import PIPELINE_KEY
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.seed.account import DLQ, Account
from sandbox.seed.catalogue import (
    ARM_ONLY,
    FATES,
    LAMBDA_ARCHIVES,
    NEWER_GOOD,
    PHOTO_RDS_LOG_GROUP,
    RDS_LOG_GROUP,
    REGIONS,
    SERVICES,
    TOKYO,
    US,
    WORKFLOWS,
    service_of,
)
from sandbox.seed.dashboards import PHOTO_DASHBOARD, USAGE_DASHBOARD
from sandbox.seed.lab_logs import AUDIT, EXPORTS, REQUESTS
from sandbox.seed.plant import Planted, past_clock, plant
from sandbox.seed.scaling import CAPTION_POLICY, PHOTO_MORNINGS, PHOTO_POLICY
from tests.waiting import until

MADE_BY_AUTO_SCALING = "TargetTracking-"
SYSTEMS = Path(__file__).parents[2] / "config" / "systems"


@dataclass
class World:
    account: Account
    server: AwsServer
    clock: Clock
    planted: Planted
    steps: list[str]

    def aws(self, service: str, region: str = US) -> Any:
        return self.account.client(service, region)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    clock = past_clock()
    server = AwsServer(clock, Faults(), Calls())
    server.start()
    account = Account(server.url, PIPELINE_KEY, secrets.token_hex(8))
    steps: list[str] = []
    try:
        planted = plant(account, clock, steps.append)
        _without_mornings(account)
        yield World(account, server, clock, planted, steps)
    finally:
        account.close()
        server.stop()


def _without_mornings(account: Account) -> None:
    """The tests move a clock that stands at the present, which may be a minute before six in New York."""
    photo = service_of("photo", "backend")
    account.client("application-autoscaling", US).register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/{photo.cluster}/{photo.service}",
        ScalableDimension="ecs:service:DesiredCount",
        SuspendedState={"ScheduledScalingSuspended": True},
    )


def configured() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Every service of config/: region, system, name and what is said about it."""
    for file in sorted(SYSTEMS.glob("*.yaml")):
        system = yaml.safe_load(file.read_text())
        for environment in system["environments"].values():
            for name, service in environment["services"].items():
                yield system["region"], system["system"], name, service


def test_every_configured_ecs_service_runs_what_it_should(world: World) -> None:
    for region, _, name, service in configured():
        if service["kind"] != "ecs":
            continue
        asked = {"cluster": service["cluster"], "services": [service.get("service", name)]}
        (found,) = world.aws("ecs", region).describe_services(**asked)["services"]
        assert found["runningCount"] == found["desiredCount"] > 0
        assert [one["rolloutState"] for one in found["deployments"]] == ["COMPLETED"]


def test_every_configured_build_has_somebody_who_makes_the_service_s_image(world: World) -> None:
    made = {}
    for region, system, name, service in configured():
        build = service.get("build")
        if build is None:
            continue
        if "codebuild" in build:
            (project,) = world.aws("codebuild", region).batch_get_projects(names=[build["codebuild"]])["projects"]
            variables = {each["name"]: each["value"] for each in project["environment"]["environmentVariables"]}
        else:
            named = (build["github"], build["workflow"])
            (workflow,) = [each for each in WORKFLOWS if (each.repository, each.file) == named]
            assert workflow.region == region
            variables = dict(workflow.variables)
        made[f"{system}/{name}"] = variables["IMAGE_REPOSITORY"]
    assert made == {"bi/api": "bi-api", "photo/backend": "rapid-photo/backend"}


def test_a_seeded_build_pushes_what_it_was_asked_for(world: World) -> None:
    builds, ecr = world.aws("codebuild", TOKYO), world.aws("ecr", TOKYO)
    variables = [{"name": "VERSION", "value": "v9.9.9"}, {"name": "OPERATION", "value": "op1"}]
    build = builds.start_build(projectName="bi-api-build", environmentVariablesOverride=variables)["build"]
    world.clock.advance(60)
    (found,) = builds.batch_get_builds(ids=[build["id"]])["builds"]
    assert found["buildStatus"] == "SUCCEEDED"
    (image,) = ecr.describe_images(repositoryName="bi-api", imageIds=[{"imageTag": "v9.9.9"}])["imageDetails"]
    assert image["imageTags"] == ["v9.9.9"]


def test_every_configured_alarm_is_at_rest_and_notifies_its_region_s_topic(world: World) -> None:
    topics = {one.region: one.topic_arn for one in world.planted.messaging}
    for region in REGIONS:
        found = {
            alarm["AlarmName"]: alarm
            for page in world.aws("cloudwatch", region).get_paginator("describe_alarms").paginate()
            for alarm in page["MetricAlarms"]
            if not alarm["AlarmName"].startswith(MADE_BY_AUTO_SCALING)
        }
        names = [
            alarm["name"]
            for where, _, _, service in configured()
            for alarm in service.get("alarms", [])
            if where == region
        ]
        assert set(names) == set(found)
        for alarm in found.values():
            assert alarm["StateValue"] == "OK", alarm["AlarmName"]
            assert alarm["ActionsEnabled"]
            assert alarm["AlarmActions"] == alarm["OKActions"] == [topics[region]]


def test_other_configured_things_exist(world: World) -> None:
    for region, _, _, service in configured():
        if service["kind"] == "lambda":
            alias = world.aws("lambda", region).get_alias(FunctionName=service["function"], Name=service["alias"])
            assert alias["FunctionVersion"] == "2"
        if service["kind"] == "static_site":
            world.aws("s3", region).head_object(Bucket=service["bucket"], Key="index.html")
            found = world.aws("cloudfront").get_distribution(Id=service["distribution"])
            assert found["Distribution"]["Id"] == service["distribution"]
        for group in service.get("log_groups", []):
            assert world.aws("logs", region).describe_log_groups(logGroupNamePrefix=group)["logGroups"]


def test_the_function_has_releases_behind_its_alias_and_archives_to_ship(world: World) -> None:
    (service,) = [service for _, _, _, service in configured() if service["kind"] == "lambda"]
    listed = world.aws("lambda").list_versions_by_function(FunctionName=service["function"])["Versions"]
    assert [each["Description"] for each in listed] == ["", "release v1.0.0", "release v1.1.0"]
    latest = world.aws("lambda").get_function(FunctionName=service["function"])["Configuration"]
    assert (latest["State"], latest["LastUpdateStatus"]) == ("Active", "Successful")
    bucket, _, key = service["artifact"].removeprefix("s3://").partition("/")
    for version in LAMBDA_ARCHIVES:
        found = world.aws("s3").head_object(Bucket=bucket, Key=key.format(version=version), ChecksumMode="ENABLED")
        assert (found["ChecksumSHA256"] == latest["CodeSha256"]) is (version == "v1.1.0")


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.family)
def test_every_service_has_a_history_of_releases(world: World, service: Any) -> None:
    ecs = world.aws("ecs", service.region)
    arns = ecs.list_task_definitions(familyPrefix=service.family, sort="ASC")["taskDefinitionArns"]
    definitions = [ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"] for arn in arns]
    tags = [definition["containerDefinitions"][0]["image"].rsplit(":", 1)[1] for definition in definitions]
    assert tags == list(service.history)
    moments = [definition["registeredAt"].timestamp() for definition in definitions]
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] > 14 * 86_400


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.family)
def test_every_service_has_images_of_every_fate(world: World, service: Any) -> None:
    pages = world.aws("ecr", service.region).get_paginator("list_images").paginate(repositoryName=service.repository)
    tags = {image["imageTag"] for page in pages for image in page["imageIds"]}
    assert tags >= {*service.history, *NEWER_GOOD, *FATES}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.family)
def test_every_running_task_has_a_log_stream_of_its_own(world: World, service: Any) -> None:
    tasks = world.aws("ecs", service.region).list_tasks(cluster=service.cluster, serviceName=service.service)
    expected = {f"ecs/{service.container}/{arn.rsplit('/', 1)[1]}" for arn in tasks["taskArns"]}
    assert len(expected) == service.desired
    streams = world.aws("logs", service.region).describe_log_streams(logGroupName=service.log_group)["logStreams"]
    assert {stream["logStreamName"] for stream in streams} >= expected


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.family)
def test_all_that_a_task_definition_refers_to_exists(world: World, service: Any) -> None:
    found = world.aws("ecs", service.region).describe_task_definition(taskDefinition=service.family)["taskDefinition"]
    for arn in (found["executionRoleArn"], found["taskRoleArn"]):
        assert world.aws("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]["Arn"] == arn
    (container,) = found["containerDefinitions"]
    given = {each["name"]: each["valueFrom"] for each in container.get("secrets", [])}
    assert given.keys() == {name for name, _ in (*service.secret_keys, *service.parameters)}
    for reference in given.values():
        if reference.startswith("arn:"):
            arn = ":".join(reference.split(":")[:7])
            secret = world.aws("secretsmanager", service.region).describe_secret(SecretId=arn)
            assert secret["Name"] == service.secret
        else:
            wanted = [{"Key": "Name", "Option": "Equals", "Values": [reference]}]
            listed = world.aws("ssm", service.region).describe_parameters(ParameterFilters=wanted)["Parameters"]
            assert [each["Type"] for each in listed] == ["SecureString"]
    group = container["logConfiguration"]["options"]["awslogs-group"]
    groups = world.aws("logs", service.region).describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert group in [each["logGroupName"] for each in groups]


def test_a_secret_has_a_value_of_its_own_for_each_key(world: World) -> None:
    text = world.aws("secretsmanager").get_secret_value(SecretId="arbor/production/db")["SecretString"]
    values = json.loads(text)
    assert values.keys() == {"username", "password"}
    assert len({*values.values()}) == 2


def architectures(world: World, repository: str, tag: str) -> set[str]:
    (found,) = world.aws("ecr").batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    return {entry["platform"]["architecture"] for entry in json.loads(found["imageManifest"])["manifests"]}


def test_images_are_built_for_one_architecture_or_for_two(world: World) -> None:
    assert architectures(world, "image-caption-gen", "v1.5.0") == {"amd64", "arm64"}
    assert architectures(world, "arbor-backend", "v1.5.0") == {"amd64"}
    assert architectures(world, *ARM_ONLY) == {"arm64"}


def test_two_services_are_scaled_by_themselves_and_are_at_rest(world: World) -> None:
    scaling = world.aws("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    bounds = {each["ResourceId"].split("/")[2]: (each["MinCapacity"], each["MaxCapacity"]) for each in targets}
    assert bounds == {"image-caption-gen-service-prod": (2, 10), "rapid-photo-prod-backend": (2, 6)}
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert {each["PolicyName"] for each in policies} == {CAPTION_POLICY, PHOTO_POLICY}
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert (action["ScheduledActionName"], action["ScalableTargetAction"]["MinCapacity"]) == (PHOTO_MORNINGS, 3)
    world.server.tick()
    assert scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"] == []


def test_an_error_and_its_request_share_a_trace(world: World) -> None:
    service = service_of("usage", "delivery-standard")
    pages = world.aws("logs").get_paginator("filter_log_events").paginate(logGroupName=service.log_group)
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    assert len(lines) > 400
    errors = [line for line in lines if line["level"] == "error"]
    assert errors
    assert all(sum(line["traceId"] == error["traceId"] for line in lines) == 2 for error in errors)


@pytest.mark.parametrize("group", [RDS_LOG_GROUP, PHOTO_RDS_LOG_GROUP])
def test_a_database_s_log_tells_slow_statements_and_what_went_wrong(world: World, group: str) -> None:
    found = world.aws("logs").filter_log_events(logGroupName=group, filterPattern="duration")["events"]
    assert found
    assert all("statement:" in event["message"] for event in found)
    wrong = world.aws("logs").filter_log_events(logGroupName=group, filterPattern="?FATAL ?ERROR ?reset")["events"]
    assert wrong


def test_the_lab_has_millions_of_lines_an_audit_and_a_bucket(world: World) -> None:
    logs, now = world.aws("logs"), int(world.clock.now() * 1000)
    ask = {"logGroupName": REQUESTS, "startTime": now - 900_000, "startFromHead": False}
    (newest,) = logs.filter_log_events(**ask, limit=1)["events"]
    assert now - newest["timestamp"] < 5_000
    streams = logs.describe_log_streams(logGroupName=REQUESTS, orderBy="LastEventTime", descending=True)["logStreams"]
    assert now - streams[0]["lastEventTimestamp"] > 1_000_000
    audit = logs.describe_log_groups(logGroupClass="INFREQUENT_ACCESS")["logGroups"]
    assert [each["logGroupName"] for each in audit] == [AUDIT]
    task = {"logGroupName": REQUESTS, "from": now - 60_000, "to": now, "destination": EXPORTS}
    assert logs.create_export_task(**task)["taskId"]
    world.clock.advance(20)
    world.server.tick()
    assert logs.describe_export_tasks()["exportTasks"][0]["status"]["code"] == "COMPLETED"


def test_two_systems_have_the_dashboards_that_their_runbooks_name(world: World) -> None:
    cloudwatch = world.aws("cloudwatch")
    listed = [each["DashboardName"] for each in cloudwatch.list_dashboards()["DashboardEntries"]]
    assert listed == [USAGE_DASHBOARD, PHOTO_DASHBOARD]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=PHOTO_DASHBOARD)["DashboardBody"])
    assert [each["type"] for each in body["widgets"]] == ["text", "metric", "metric", "log"]


def test_traces_of_the_usage_metrics_are_requests_of_its_log(world: World) -> None:
    service, now = service_of("usage", "delivery-standard"), world.clock.now()
    found = world.aws("xray").get_trace_summaries(
        StartTime=now - 3600, EndTime=now, FilterExpression=f'service("{service.name}")'
    )["TraceSummaries"]
    assert len(found) > 20
    (annotation,) = found[0]["Annotations"]["traceId"]
    trace = annotation["AnnotationValue"]["StringValue"]
    lines = world.aws("logs").filter_log_events(
        logGroupName=service.log_group, filterPattern=f'{{ $.traceId = "{trace}" }}'
    )["events"]
    assert lines
    slow = world.aws("xray").get_trace_summaries(
        StartTime=now - 3600, EndTime=now, FilterExpression='service("backend") { responsetime > 3 }'
    )["TraceSummaries"]
    assert len(slow) == 3


def test_the_trail_tells_three_weeks_of_deployments_by_the_pipeline(world: World) -> None:
    pages = (
        world.aws("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdateService"}])
    )
    events = [event for page in pages for event in page["Events"]]
    about = [event for event in events if {"delivery-standard"} & {one["ResourceName"] for one in event["Resources"]}]
    assert len(about) == 5
    assert (about[0]["EventTime"] - about[-1]["EventTime"]).days > 7


def test_certificates_are_issued_and_one_ends_soon(world: World) -> None:
    listed = world.aws("acm").list_certificates()["CertificateSummaryList"]
    assert {each["Status"] for each in listed} == {"ISSUED"}
    days = {each["DomainName"]: (each["NotAfter"].timestamp() - world.clock.now()) / 86_400 for each in listed}
    assert {domain for domain, left in days.items() if left < 30} == {"your-domain.com"}
    one = world.aws("acm").describe_certificate(CertificateArn=listed[0]["CertificateArn"])["Certificate"]
    assert one["NotAfter"] == listed[0]["NotAfter"]


def test_databases_have_a_secret_with_all_that_a_client_needs(world: World) -> None:
    names = {one["DBInstanceIdentifier"] for one in world.aws("rds").describe_db_instances()["DBInstances"]}
    assert names == {"arbor-production-db", "rapid-photo-prod-db"}
    text = world.aws("secretsmanager").get_secret_value(SecretId="arbor/production/database")["SecretString"]
    told = json.loads(text)
    assert told.keys() == {"engine", "host", "port", "dbname", "username", "password"}
    assert told["host"].startswith("arbor-production-db.")
    (cache,) = world.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (cache["ReplicationGroupId"], cache["Status"]) == ("arbor-production-redis", "available")


def test_a_task_s_address_leads_to_its_security_group_and_what_that_lets_in(world: World) -> None:
    service = service_of("usage", "delivery-standard")
    ecs, ec2 = world.aws("ecs"), world.aws("ec2")
    arns = ecs.list_tasks(cluster=service.cluster)["taskArns"]
    task = ecs.describe_tasks(cluster=service.cluster, tasks=arns[:1])["tasks"][0]
    details = {one["name"]: one["value"] for one in task["attachments"][0]["details"]}
    wanted = [{"Name": "addresses.private-ip-address", "Values": [details["privateIPv4Address"]]}]
    (interface,) = ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    assert interface["NetworkInterfaceId"] == details["networkInterfaceId"]
    groups = [group["GroupId"] for group in interface["Groups"]]
    (group,) = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
    assert service.port in [one["FromPort"] for one in group["IpPermissions"]]


def test_the_function_shares_its_account_s_concurrency(world: World) -> None:
    functions = world.aws("lambda")
    assert functions.get_account_settings()["AccountUsage"]["FunctionCount"] == 1
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(
        FunctionName="rapid-photo-prod-image-processor"
    )


def test_metrics_cover_three_hours(world: World) -> None:
    service = service_of("bi", "api")
    now = world.clock.now()
    statistics = world.aws("cloudwatch", service.region).get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName="MemoryUtilization",
        Dimensions=[{"Name": "ClusterName", "Value": "bi-production"}, {"Name": "ServiceName", "Value": "api"}],
        StartTime=now - 3 * 3600,
        EndTime=now,
        Period=300,
        Statistics=["Average"],
    )
    values = [point["Average"] for point in statistics["Datapoints"]]
    assert len(values) >= 35
    assert 45 < min(values) <= max(values) < 65


def test_the_clock_ends_in_the_present(world: World) -> None:
    assert abs(world.clock.now() - time.time()) < 3600


def _notification(sqs: Any, queue: str) -> dict[str, Any] | None:
    """The first of the next messages that SNS sent."""
    bodies = [json.loads(each["Body"]) for each in sqs.receive_message(QueueUrl=queue).get("Messages", [])]
    return next((body for body in bodies if "TopicArn" in body), None)


def test_an_alarm_travels_to_its_region_s_queue(world: World) -> None:
    for messaging in world.planted.messaging:
        sqs = world.aws("sqs", messaging.region)
        alarms = world.aws("cloudwatch", messaging.region)
        found = alarms.describe_alarms()["MetricAlarms"]
        name = next(each["AlarmName"] for each in found if messaging.topic_arn in each["AlarmActions"])
        alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
        # ECS's own events come through the same queue, without an envelope of SNS.
        envelope = until(lambda: _notification(sqs, messaging.queue_url))  # noqa: B023
        assert envelope["TopicArn"] == messaging.topic_arn
        assert envelope["SignatureVersion"] == "2"
        assert json.loads(envelope["Message"])["AlarmName"] == name
        assert sqs.receive_message(QueueUrl=messaging.dlq_url).get("Messages") is None
        assert messaging.dlq_url.endswith(DLQ)


def test_every_step_is_reported(world: World) -> None:
    assert world.steps[0] == "images and load balancers"
    assert world.steps[-1] == "alarms"
