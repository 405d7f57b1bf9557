"""Plans, steps, waits and looks by hand, with the real adapter against an AWS that behaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config

from bot.aws.ecr import Images
from bot.aws.functions import Functions
from bot.aws.metrics import Metrics
from bot.aws.session import Sessions
from bot.command import CheckStatus, Plan, Progress, Run, Stage
from bot.domain import Account, Actor, Service, Target
from bot.errors import NotFoundError, UpstreamError
from bot.shipping.functions import LAMBDA
from sandbox.aws.server import AwsServer
from tests.bot.shipping.functions_room import ALICE, Room, stored
from tests.sandbox.aws import standing
from tests.sandbox.aws.functions.mill import ALARM, BUCKET, IMAGE, REPOSITORY, ZIP, Mill, archive

LONGEST = 3600.0


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


class Yard:
    """A deployment or rollback of the mill, driven to its end; ``at`` is the step it stopped at."""

    def __init__(self, aws: AwsServer, sessions: Sessions, mill: Mill) -> None:
        self.aws, self.mill, self.at = aws, mill, ""
        self.room = Room()
        self.functions = Functions(sessions)
        self.room.world = replace(
            self.room.world,
            clock=aws.clock,
            functions=self.functions,
            metrics=Metrics(sessions),
            ecs=cast("Any", Images(sessions)),
        )
        self.operation = 0
        self.started = 0.0
        self.results: dict[str, dict[str, Any]] = {}

    def target(self, name: str = ZIP, **service: Any) -> Target:
        configured = {
            "kind": "lambda",
            "function": name,
            "alias": "prod",
            "artifact": f"s3://{BUCKET}/{{version}}.zip" if name == ZIP else "",
            "alarms": [{"name": ALARM}] if name == ZIP else [],
        }
        service = {**configured, **service}
        return Target(
            *("photo", "production", name, Service.model_validate(service), Account("us-east-1"), "#photo", True)
        )

    def run(self, target: Target, plan: Plan, progress: Progress | None = None) -> Run:
        name = f"op-{self.operation}"
        return Run(name, Actor(user=ALICE.user), target, stored(plan), self.started, self.results, progress)

    def drive(self, target: Target, plan: Plan) -> Progress:
        """Every step with its wait, then the looks afterwards; returns how it ended."""
        self.operation += 1
        self.started, self.results = self.aws.clock.now(), {}
        world, strategy = self.room.world, LAMBDA.strategies[plan.strategy]
        for effect in strategy.effects(plan):
            self.at = effect.name
            self.results[effect.name] = effect.do(self.run(target, plan), world)
            while effect.wait is not None:
                progress = effect.wait(self.run(target, plan), world)
                if progress.stage is Stage.FAILED:
                    return progress
                if progress.stage is Stage.SUCCEEDED:
                    break
                assert self.aws.clock.now() - self.started < LONGEST, progress.headline
                self.pass_time(1)
        self.at = "watch"
        return strategy.watch(self.run(target, plan), world)

    def pass_time(self, seconds: float) -> None:
        self.aws.clock.advance(seconds)
        self.aws.tick()

    def deploy(self, target: Target, version: str) -> Progress:
        return self.drive(target, LAMBDA.deploy(target, version, self.room.world, ALICE))


@pytest.fixture
def yard(running: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    for name, value in {
        "AWS_ENDPOINT_URL": running.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    standing.emptied(running)
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(boto3.client(service, region_name="us-east-1", config=Config(s3={"addressing_style": "path"})))
        return made[-1]

    mill, sessions = Mill(client, running.clock), Sessions(attempts=1)
    mill.watch_errors()
    yield Yard(running, sessions, mill)
    sessions.close()
    for each in made:
        each.close()


def test_a_good_version_gets_its_calls_step_by_step_and_then_all(yard: Yard) -> None:
    target = yard.target(canary=[10, 50], canary_wait="1m")
    found = yard.deploy(target, "v2")
    assert found.headline == "Settled: all calls of prod go to version 2 (v2)"
    assert yard.mill.alias()["FunctionVersion"] == "2"
    assert "RoutingConfig" not in yard.mill.alias()
    assert yard.mill.configuration("2")["Description"] == "v2 (runbook-bot op-1)"
    assert 120 < yard.aws.clock.now() - yard.started < 160


def test_a_version_whose_calls_fail_is_taken_back_at_its_first_share(yard: Yard) -> None:
    target = yard.target(canary=[10, 50], canary_wait="5m")
    found = yard.deploy(target, "v3-errors")
    assert (found.stage, found.unchanged, yard.at) == (Stage.FAILED, True, "shift:10")
    assert found.headline.startswith(f"Not deployed: {ALARM} went off while version 2 had a share of the calls")
    assert "Threshold Crossed" in found.lines[0]
    assert yard.mill.alias()["FunctionVersion"] == "1"
    assert "RoutingConfig" not in yard.mill.alias()
    assert yard.aws.clock.now() - yard.started < 60


def test_code_that_lambda_refuses_never_reaches_the_alias(yard: Yard) -> None:
    before = yard.mill.alias()["RevisionId"]
    found = yard.deploy(yard.target(canary=[10]), "v4-failed")
    assert (found.stage, found.unchanged, yard.at) == (Stage.FAILED, True, "code")
    assert "could not unzip" in found.headline
    assert yard.mill.alias()["RevisionId"] == before


def test_a_slow_update_is_waited_for(yard: Yard) -> None:
    assert yard.deploy(yard.target(), "v5-slow").stage is Stage.SUCCEEDED
    assert yard.aws.clock.now() - yard.started > 80


def test_an_image_is_shipped_by_its_digest(yard: Yard) -> None:
    target = yard.target(IMAGE)
    plan = LAMBDA.deploy(target, "v2", yard.room.world, ALICE)
    assert {check.name: check.status for check in plan.checks}["architecture"] is CheckStatus.PASSED
    assert yard.drive(target, plan).stage is Stage.SUCCEEDED
    code = yard.mill.functions.get_function(FunctionName=IMAGE, Qualifier="prod")["Code"]
    assert code["ResolvedImageUri"] == plan.facts["image"]
    assert str(plan.facts["image"]).startswith(f"{REPOSITORY}@sha256:")


def test_what_does_not_exist_is_answered_with_what_does(yard: Yard) -> None:
    with pytest.raises(NotFoundError, match=r"There is no s3://mill-artifacts/v5-slaw\.zip.*Did you mean v5-slow"):
        yard.deploy(yard.target(), "v5-slaw")
    with pytest.raises(NotFoundError, match=r"ECR has no tag v6 in .*The newest are"):
        yard.deploy(yard.target(IMAGE), "v6")


def test_a_shipped_version_is_gone_back_from_to_the_one_that_proved_good(yard: Yard) -> None:
    target, room = yard.target(), yard.room
    assert yard.deploy(target, "v2").stage is Stage.SUCCEEDED
    room.ledger.add("deploy", "v2", "2", before="1")
    assert yard.deploy(target, "v3-errors").stage is Stage.SUCCEEDED
    room.ledger.add("deploy", "v3-errors", "3", before="2", good=False)
    plan = LAMBDA.rollback(target, "", room.world, ALICE)
    assert plan.title == "Roll back photo/mill production → v2"
    assert not plan.blocking
    assert yard.drive(target, plan).headline == "Settled: all calls of prod go to version 2 (v2)"
    assert LAMBDA.rollback(target, "v1", room.world, ALICE).facts["to_version"] == "1"
    assert [each.word for each in LAMBDA.earlier(target, room.world)] == ["3", "1"]


def test_an_image_that_is_gone_from_the_registry_blocks_the_way_back(yard: Yard) -> None:
    target = yard.target(IMAGE)
    assert yard.deploy(target, "v2").stage is Stage.SUCCEEDED
    assert not LAMBDA.rollback(target, "1", yard.room.world, ALICE).blocking
    yard.mill.ecr.batch_delete_image(repositoryName="mill-image", imageIds=[{"imageTag": "v1"}])
    assert [check.name for check in LAMBDA.rollback(target, "1", yard.room.world, ALICE).blocking] == ["image"]


def test_code_whose_answer_was_lost_is_known_by_the_hash_of_the_zip(yard: Yard) -> None:
    yard.mill.s3.put_object(Bucket=BUCKET, Key="v7.zip", Body=archive("v7"), ChecksumAlgorithm="CRC32")
    target = yard.target()
    plan = LAMBDA.deploy(target, "v7", yard.room.world, ALICE)
    code = LAMBDA.strategies["lambda"].effects(plan)[0]
    assert code.find(yard.run(target, plan), yard.room.world) is None
    yard.aws.faults.add("aws", "lambda:UpdateFunctionCode", "lost_response", count=1)
    with pytest.raises(UpstreamError):
        code.do(yard.run(target, plan), yard.room.world)
    found = code.find(yard.run(target, plan), yard.room.world)
    assert found == {"sha256": yard.mill.configuration()["CodeSha256"]}


def test_shares_of_another_tool_stop_a_deployment_before_it_begins(yard: Yard) -> None:
    yard.mill.publish("v2")
    yard.mill.move(FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    plan = LAMBDA.deploy(yard.target(), "v5-slow", yard.room.world, ALICE)
    assert [check.name for check in plan.blocking] == ["calls"]


def test_a_look_that_is_denied_says_which_permission_lacks(yard: Yard) -> None:
    yard.aws.faults.add("aws", "cloudwatch:DescribeAlarms", "AccessDenied")
    plan = LAMBDA.deploy(yard.target(), "v2", yard.room.world, ALICE)
    (alarms,) = [check for check in plan.checks if check.name == "alarms"]
    assert (alarms.status, "cloudwatch:DescribeAlarms" in alarms.detail) == (CheckStatus.UNKNOWN, True)
