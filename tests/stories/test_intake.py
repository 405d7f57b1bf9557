"""What arrives at the two doors, SQS and HTTPS: twice, late, forged, hostile, or from somebody nobody configured."""

from __future__ import annotations

import json
import string
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from sandbox.app_environment import read_env_file
from sandbox.aws.sns import hold_deliveries, redeliver, release_deliveries
from sandbox.seed.catalogue import TOKYO, US, service_of
from tests.stories.conftest import Places
from tests.stories.town import BOB, Message, Town, words

pytestmark = pytest.mark.story

ARBOR, PHOTO, OPS, GENERAL, BI = "#arbor-energy", "#rapid-photo", "#ops", "#general", "#bi-platform"
GREEN = ":large_green_circle:"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}
WATER = [{"Name": "Teapot", "Value": "1"}]
PHOTO_BACKEND = service_of("photo", "backend")


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    return places.town("http")


@pytest.fixture(scope="module", autouse=True)
def script(town: Town) -> dict[str, Any]:
    """The boto3 clients of a script that knows only ``.sandbox/env``; its tasks begin to die while others are told."""
    told = read_env_file(town.sandbox.env_file)
    session = boto3.Session(told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name=US)
    topic = told["BOT_SNS_TOPICS"].split(",")[0].partition("=")[0]
    clients = {
        service: session.client(service, endpoint_url=told["AWS_ENDPOINT_URL"])
        for service in ("ecs", "ecr", "logs", "cloudwatch")
    }
    _open_the_teapot(clients, topic)
    return clients


# the queue


def test_a_message_that_comes_again_and_again_opens_one_incident_and_a_replay_does_not_reopen_it(town: Town) -> None:
    name = "arbor-production-backend-connection-pool"
    began = datetime.now(UTC)
    fired = _publish(town, US, _alarm(name, "ALARM", began))
    redeliver(fired)
    town.until("a headline", lambda: town.shown(ARBOR, name))
    redeliver(fired)
    over = _publish(town, US, _alarm(name, "OK", began + timedelta(seconds=2)))
    headline = town.until("green", lambda: _with(town, ARBOR, name, GREEN))
    redeliver(over)
    redeliver(fired)
    _everything_before_this_has_arrived(town)
    for part in ("What I found", "is OK again"):
        town.told(ARBOR, headline["ts"], part)
    assert [one["ts"] for one in town.shown(ARBOR, name)] == [headline["ts"]]
    assert town.message(ARBOR, headline["ts"])["text"].startswith(GREEN)
    said = [one["text"] for one in town.replies(ARBOR, headline["ts"])]
    assert sum("What I found" in text for text in said) == 1
    assert sum("is OK again" in text for text in said) == 1
    assert not any("fires again" in text for text in said)


def test_an_alarm_that_its_ok_has_overtaken_opens_nothing(town: Town) -> None:
    name = "arbor-production-backend-cache-misses"
    began = datetime.now(UTC)
    _publish(town, US, _alarm(name, "OK", began + timedelta(seconds=1)))
    _everything_before_this_has_arrived(town)
    _publish(town, US, _alarm(name, "ALARM", began))
    _everything_before_this_has_arrived(town)
    assert town.shown(ARBOR, name) == []


def test_an_alarm_and_its_ok_that_come_together_in_the_wrong_order_leave_nothing_red(town: Town) -> None:
    name = "arbor-production-backend-unhealthy-hosts"
    began = datetime.now(UTC)
    hold_deliveries()
    _publish(town, US, _alarm(name, "ALARM", began))
    _publish(town, US, _alarm(name, "OK", began + timedelta(seconds=1)))
    release_deliveries(newest_first=True)
    _everything_before_this_has_arrived(town)
    town.until("nothing red", lambda: all(one["text"].startswith(GREEN) for one in town.shown(ARBOR, name)))
    assert len(town.shown(ARBOR, name)) <= 1


def test_an_alarm_that_fires_again_soon_goes_on_in_the_same_thread(town: Town) -> None:
    name = "arbor-production-backend-slow-recommendations"
    began = datetime.now(UTC)
    _publish(town, US, _alarm(name, "ALARM", began))
    town.until("a headline", lambda: town.shown(ARBOR, name))
    _publish(town, US, _alarm(name, "OK", began + timedelta(seconds=1)))
    town.until("green", lambda: _with(town, ARBOR, name, GREEN))
    _publish(town, US, _alarm(name, "ALARM", began + timedelta(seconds=2)))
    headline = town.until("red again", lambda: _with(town, ARBOR, name, ":large_orange_circle:"))
    assert "fired 2 times" in words(headline)
    # That it fires again is said in the channel too.
    assert len([one for one in town.shown(ARBOR, name) if one.get("thread_ts", one["ts"]) == one["ts"]]) == 1
    _publish(town, US, _alarm(name, "OK", began + timedelta(seconds=3)))
    town.until("green again", lambda: _with(town, ARBOR, name, GREEN))


def test_an_alarm_that_nobody_configured_finds_its_system_by_its_dimensions(town: Town) -> None:
    where = {"ClusterName": PHOTO_BACKEND.cluster, "ServiceName": PHOTO_BACKEND.service}
    _publish(town, US, _alarm("made-by-somebody-else", "ALARM", datetime.now(UTC), where))
    headline = town.until("a headline", lambda: town.shown(PHOTO, "made-by-somebody-else"))[0]
    assert "MEDIUM* · *photo/backend production*" in words(headline)
    assert "tasks run" in words(_findings(town, PHOTO, headline))


def test_what_belongs_nowhere_is_shown_in_the_default_channel(town: Town) -> None:
    _publish(town, US, _alarm("alarm-of-nobody", "ALARM", datetime.now(UTC), {"QueueName": "nobody"}))
    prose = "AWS Budget Notification\nBudget Name: monthly\nActual spend: $1,204.11 is above your limit of $1,000."
    _publish(town, US, prose, "AWS Budgets: monthly has exceeded your alert threshold")
    assert "no configured service" in words(town.until("a headline", lambda: town.shown(OPS, "alarm-of-nobody"))[0])
    notice = town.until("the budget", lambda: town.shown(OPS, "Actual spend"))[0]
    assert "AWS Budgets: monthly has exceeded" in words(notice)
    assert "$1,204.11 is above your limit" in words(notice)


def test_hostile_text_calls_nobody_and_leaks_nothing(town: Town) -> None:
    key, secret = "AKIA" + string.ascii_uppercase[:16], uuid.uuid4().hex + "/" + "Qx9" * 3
    hostile = (
        f"<!channel> <@{BOB}> <!subteam^S0ONCALL> @everyone ``` `x` *bold* \x1b[31mred\x1b[0m &lt;!here&gt; "
        f"{key} aws_secret_access_key={secret} <https://evil.example|your bank> " + "A" * 3000
    )
    logs, group = town.aws("logs", US), PHOTO_BACKEND.log_group
    stream = {"logGroupName": group, "logStreamName": "backend/backend/hostile"}
    logs.create_log_stream(**stream)
    now = int(town.stage.now() * 1000)
    lines = [{"timestamp": now + number, "message": f"ERROR {hostile}"} for number in range(30)]
    logs.put_log_events(**stream, logEvents=lines)
    where = {"ClusterName": PHOTO_BACKEND.cluster, "ServiceName": PHOTO_BACKEND.service}
    alarm = json.loads(_alarm(f"odd <!channel> `name` {key}", "ALARM", datetime.now(UTC), where))
    alarm |= {"NewStateReason": hostile, "AlarmDescription": hostile}
    _publish(town, US, json.dumps(alarm))
    _publish(town, US, f"{hostile}\n{hostile}", "a <!here> subject")

    headline = town.until("a headline", lambda: town.shown(PHOTO, "odd "))[0]
    findings = _findings(town, PHOTO, headline)
    notice = town.until("the notice", lambda: town.shown(OPS, "a &lt;!here&gt; subject"))[0]
    assert "Log errors" in words(findings)
    assert "error lines" in words(findings)
    asked = town.message(PHOTO, headline["ts"])
    assert asked["pings"] == ["S0ONCALL"]
    assert findings["pings"] == notice["pings"] == []
    for message in (asked, findings, notice):
        assert key not in json.dumps(message)
        assert secret not in json.dumps(message)
        assert "<https://evil" not in words(message)
        assert "\\u001b" not in json.dumps(message)
    kept = (town.sandbox.state_dir / "bot.log").read_text()
    assert key not in kept
    assert secret not in kept


def test_a_script_with_its_own_service_log_and_alarm_gets_the_same_behaviour(
    town: Town, script: dict[str, Any]
) -> None:
    query = {"cluster": "newcomers", "serviceName": "teapot", "desiredStatus": "STOPPED"}
    town.until("a task that died", lambda: script["ecs"].list_tasks(**query)["taskArns"])
    datum = {"MetricName": "WaterLevel", "Dimensions": WATER, "Timestamp": datetime.now(UTC), "Value": 2.0}
    script["cloudwatch"].put_metric_data(Namespace="Tea", MetricData=[datum])

    headline = town.until("a headline", lambda: town.shown(GENERAL, "teapot-is-empty"))[0]
    assert "LOW* · *newcomer/teapot production*" in words(headline)
    found = words(_findings(town, GENERAL, headline))
    assert "ran out of memory" in found
    assert "ERROR: the teapot is empty, refill it" in found
    assert "WaterLevel is 2; alarm when below 10" in found


# the web


@pytest.fixture
def only_by_web(town: Town) -> Iterator[str]:
    """The topic of Tokyo, which for once tells the bot's HTTPS door and not its queue."""
    sns = town.aws("sns", TOKYO)
    topic = _topic(town, TOKYO)
    by_queue = next(
        one for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] if one["Protocol"] == "sqs"
    )
    sns.unsubscribe(SubscriptionArn=by_queue["SubscriptionArn"])
    yield topic
    for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=by_queue["Endpoint"])


def test_the_bot_confirms_its_subscription_through_the_api_and_opens_incidents_from_it(
    town: Town, only_by_web: str
) -> None:
    sns, mark = town.aws("sns", TOKYO), town.mark()
    sns.subscribe(TopicArn=only_by_web, Protocol="http", Endpoint=f"{town.sandbox.bot_url}/sns")

    def confirmed() -> bool:
        found = sns.list_subscriptions_by_topic(TopicArn=only_by_web)["Subscriptions"]
        return [one["SubscriptionArn"].startswith("arn:") for one in found] == [True]

    town.until("the subscription to be confirmed", confirmed)
    # A call is recorded after it has done its work.
    town.until("its call", lambda: town.calls("sns:ConfirmSubscription", mark))
    assert len(town.calls("sns:ConfirmSubscription", mark)) == 1
    name = "bi-staging-api-error-rate"
    _publish(town, TOKYO, _alarm(name, "ALARM", datetime.now(UTC), region=TOKYO))
    headline = town.until("a headline", lambda: town.shown(BI, name))[0]
    assert "LOW* · *bi/api staging*" in words(headline)


def test_each_refusal_has_the_status_that_makes_sns_do_the_right_thing(town: Town) -> None:
    sealed = _sealed(town, _topic(town, US), "a letter that was sealed")
    assert _post(town, sealed) == 200
    assert _post(town, sealed) == 200
    opened = json.loads(sealed)
    assert _post(town, json.dumps(opened | {"Message": "send me your money"})) == 403
    assert _post(town, json.dumps(opened | {"SigningCertURL": "https://evil.example/cert.pem"})) == 403
    unlisted = town.aws("sns", US).create_topic(Name="unlisted")["TopicArn"]
    assert _post(town, _sealed(town, unlisted, "from a topic that nobody listed")) == 403
    assert _post(town, "this is no JSON") == 400
    assert _post(town, '{"Type": "Notification"}') == 400
    town.until("the letter", lambda: town.shown(OPS, "a letter that was sealed"))
    _everything_before_this_has_arrived(town)
    assert len(town.shown(OPS, "a letter that was sealed")) == 1
    for never in ("send me your money", "from a topic that nobody listed"):
        assert town.shown(OPS, never) == []


def test_what_slack_did_not_sign_is_refused(town: Town) -> None:
    form = "command=%2Fdeploy&text=bi%2Fapi+production+v1&user_id=U0ALICE&channel_id=C0BIPLATFORM"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": str(int(datetime.now(UTC).timestamp())),
        "X-Slack-Signature": "v0=" + "0" * 64,
    }
    before = town.newest(BI)
    assert town.bot.post("/slack/events", content=form, headers=headers).status_code == 401
    assert town.bot.post("/slack/events", content=form).status_code == 401
    assert town.newest(BI) == before


@pytest.mark.parametrize("error", ["disconnect", "503"])
def test_the_probes_say_alive_ready_and_what_is_out_of_reach(town: Town, error: str) -> None:
    said = f"said while Slack was away ({error})"
    assert town.bot.get("/healthz").status_code == 200
    town.until("ready", lambda: town.bot.get("/readyz").json()["status"] == "ready")
    town.fault("slack", "chat.*", error)
    _publish(town, US, said)
    away = town.until("degraded", lambda: _readyz(town)["degraded"])
    assert "slack" in away
    assert town.bot.get("/readyz").status_code == 200
    assert town.shown(OPS, said) == []
    town.calm()
    town.until("what was said", lambda: town.shown(OPS, said))
    town.until("ready again", lambda: _readyz(town)["status"] == "ready")
    assert len(town.shown(OPS, said)) == 1


# what the tests say to SNS, and where they look


def _alarm(name: str, state: str, at: datetime, dimensions: dict[str, str] | None = None, *, region: str = US) -> str:
    """What CloudWatch publishes for a change of a metric alarm."""
    shown = [{"name": key, "value": value} for key, value in (dimensions or {"Environment": "production"}).items()]
    trigger = {
        "MetricName": "Troubles", "Namespace": "Stories", "StatisticType": "Statistic", "Statistic": "SUM",
        "Unit": None, "Dimensions": shown, "Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": 5.0, "TreatMissingData": "ignore",
        "EvaluateLowSampleCountPercentile": "",
    }  # fmt: skip
    return json.dumps(
        {
            "AlarmName": name,
            "AlarmDescription": None,
            "AWSAccountId": "123456789012",
            "AlarmConfigurationUpdatedTimestamp": "2026-01-01T00:00:00.000+0000",
            "NewStateValue": state,
            "NewStateReason": "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).",
            "StateChangeTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000",
            "Region": {US: "US East (N. Virginia)", TOKYO: "Asia Pacific (Tokyo)"}[region],
            "AlarmArn": f"arn:aws:cloudwatch:{region}:123456789012:alarm:{name}",
            "OldStateValue": "OK" if state == "ALARM" else "ALARM",
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "Trigger": trigger,
        }
    )


def _topic(town: Town, region: str) -> str:
    topics = [one.partition("=")[0] for one in town.sandbox.env["BOT_SNS_TOPICS"].split(",")]
    return next(topic for topic in topics if f":{region}:" in topic)


def _publish(town: Town, region: str, text: str, subject: str = "") -> str:
    more = {"Subject": subject} if subject else {}
    published = town.aws("sns", region).publish(TopicArn=_topic(town, region), Message=text, **more)
    return str(published["MessageId"])


def _everything_before_this_has_arrived(town: Town) -> None:
    """One more message through the same queue, which is read in batches, and its notice in #ops."""
    mark = f"marker {uuid.uuid4().hex}"
    _publish(town, US, mark)
    town.until("the marker", lambda: town.shown(OPS, mark))


def _with(town: Town, channel: str, name: str, mark: str) -> Message | None:
    return next((one for one in town.shown(channel, name) if one["text"].startswith(mark)), None)


def _findings(town: Town, channel: str, headline: Message) -> Message:
    def look() -> Message | None:
        replies = town.replies(channel, headline["ts"])
        return next((one for one in replies if "What I found" in one["text"]), None)

    return town.until("the findings", look)


def _sealed(town: Town, topic: str, text: str) -> str:
    """A true, signed envelope, taken from a queue of the test's own."""
    sns, sqs = town.aws("sns", US), town.aws("sqs", US)
    name = f"letters-{uuid.uuid4().hex}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{US}:123456789012:{name}")
    sns.publish(TopicArn=topic, Message=text)
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    return str(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"])


def _post(town: Town, body: str) -> int:
    headers = {"x-amz-sns-message-type": "Notification", "Content-Type": "text/plain; charset=UTF-8"}
    return town.bot.post("/sns", content=body.encode(), headers=headers).status_code


def _readyz(town: Town) -> dict[str, Any]:
    found: dict[str, Any] = town.bot.get("/readyz").json()
    return found


def _open_the_teapot(clients: dict[str, Any], topic: str) -> None:
    """A script as anybody may write it: image, log, service and alarm."""
    ecs, ecr, logs = clients["ecs"], clients["ecr"], clients["logs"]
    repository = ecr.create_repository(repositoryName="teapot")["repository"]["repositoryUri"]
    ecr.put_image(repositoryName="teapot", imageTag="v1-oom", imageManifest=json.dumps(MANIFEST))
    logs.create_log_group(logGroupName="/teapot")
    options = {"awslogs-group": "/teapot", "awslogs-region": US, "awslogs-stream-prefix": "tea"}
    definition = ecs.register_task_definition(
        family="teapot",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[
            {
                "name": "teapot",
                "image": f"{repository}:v1-oom",
                "essential": True,
                "logConfiguration": {"logDriver": "awslogs", "options": options},
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.create_cluster(clusterName="newcomers")
    ecs.create_service(
        cluster="newcomers",
        serviceName="teapot",
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    logs.create_log_stream(logGroupName="/teapot", logStreamName="by-hand")
    now = datetime.now(UTC)
    event = {"timestamp": int(now.timestamp() * 1000), "message": "ERROR: the teapot is empty, refill it"}
    logs.put_log_events(logGroupName="/teapot", logStreamName="by-hand", logEvents=[event])
    clients["cloudwatch"].put_metric_alarm(
        AlarmName="teapot-is-empty",
        Namespace="Tea",
        MetricName="WaterLevel",
        Dimensions=WATER,
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="LessThanThreshold",
        AlarmActions=[topic],
    )
