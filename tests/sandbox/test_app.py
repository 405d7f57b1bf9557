from __future__ import annotations

import hashlib
import hmac
import os
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml

from sandbox.app import AlreadyRunningError, Sandbox
from sandbox.app_config import copy_config, lay_over
from sandbox.app_environment import read_env_file, without_foreign_settings, write_env_file
from sandbox.scenarios import SCENARIOS
from tests.sandbox.playing import story_ended
from tests.waiting import until

CONFIG = Path(__file__).parents[2] / "config"

FAKE_BOT = """
import http.server, os

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print("POST", self.path, self.headers.get("X-PagerDuty-Signature"), body, flush=True)
        self.send_response(202)
        self.end_headers()
    def log_message(self, *args):
        pass

print("started", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["BOT_PORT"])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    directory = tmp_path_factory.mktemp("sandbox")
    script = directory / "fake_bot.py"
    script.write_text(FAKE_BOT)
    sandbox = Sandbox(
        config_dir=CONFIG,
        state_dir=directory / ".sandbox",
        bot_command=(sys.executable, str(script)),
        bot_environment={"BOT_EXTRA": "it's here"},
    )
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.slack.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def outside(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client that reaches the world as the bot does."""
    context = ssl.create_default_context(cafile=sandbox.env["BOT_CA_FILE"])
    with httpx.Client(proxy=sandbox.env["BOT_HTTP_PROXY"], verify=context, trust_env=False, timeout=10) as client:
        yield client


def test_the_env_file_tells_everything_a_script_needs(sandbox: Sandbox) -> None:
    told = read_env_file(sandbox.env_file)
    assert told.items() >= sandbox.env.items()
    assert told["SANDBOX_URL"] == sandbox.slack.url
    assert told["BOT_URL"] == sandbox.bot_url
    assert told["BOT_EXTRA"] == "it's here"
    expected = {
        "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL", "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "BOT_CONFIG_DIR", "BOT_DATABASE_URL",
        "BOT_PORT", "BOT_SQS_QUEUE_URLS", "BOT_SNS_TOPICS", "BOT_HTTP_PROXY", "BOT_CA_FILE", "BOT_PID",
        "PAGERDUTY_ROUTING_KEY", "PAGERDUTY_EVENTS_URL", "PAGERDUTY_API_URL", "SANDBOX_COMMANDS",
        "GITHUB_TOKEN", "GITHUB_API_URL", "PAGERDUTY_WEBHOOK_SECRET", "PAGERDUTY_ESCALATION_ROUTING_KEY",
    }  # fmt: skip
    assert expected <= told.keys()


def test_the_env_file_is_the_owner_s_only(sandbox: Sandbox) -> None:
    assert stat.S_IMODE(sandbox.env_file.stat().st_mode) == 0o600


def test_a_shell_can_read_the_env_file(sandbox: Sandbox) -> None:
    said = subprocess.run(
        ["/bin/sh", "-c", '. "$0" && printf %s "$BOT_EXTRA"', str(sandbox.env_file)], capture_output=True, check=True
    )
    assert said.stdout.decode() == "it's here"


def test_a_script_reaches_aws_by_the_env_file(sandbox: Sandbox) -> None:
    told = read_env_file(sandbox.env_file)
    session = boto3.Session(
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        region_name=told["AWS_DEFAULT_REGION"],
    )
    ecs = session.client("ecs", endpoint_url=told["AWS_ENDPOINT_URL"])
    (service,) = ecs.describe_services(cluster="ioanyt-prod", services=["delivery-standard"])["services"]
    assert service["runningCount"] == 2
    ecs.close()


def test_a_killed_bot_comes_back_and_the_env_file_follows(sandbox: Sandbox) -> None:
    assert sandbox.bot is not None
    before = read_env_file(sandbox.env_file)["BOT_PID"]
    restarts = sandbox.bot.restarts
    sandbox.bot.kill()
    assert sandbox.bot.wait_restart(restarts, timeout=5)
    sandbox.bot.wait_ready()
    after = until(lambda: read_env_file(sandbox.env_file)["BOT_PID"])
    assert after == str(sandbox.bot.pid) != before


def test_the_health_address_tells_the_version_that_runs(outside: httpx.Client) -> None:
    answer = outside.get("https://api.example.com/health")
    assert answer.status_code == 200
    assert answer.json()["version"] == "v1.4.2"


def test_the_signing_certificate_is_at_its_address(outside: httpx.Client) -> None:
    answer = outside.get("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem")
    assert answer.text.startswith("-----BEGIN CERTIFICATE-----")


def test_pagerduty_shows_what_it_got(sandbox: Sandbox, outside: httpx.Client, client: httpx.Client) -> None:
    event = {
        "routing_key": sandbox.env["PAGERDUTY_ROUTING_KEY"],
        "event_action": "trigger",
        "dedup_key": "drill",
        "payload": {"summary": "a drill", "source": "test", "severity": "info"},
    }
    assert outside.post("https://events.pagerduty.com/v2/enqueue", json=event).status_code == 202
    shown = client.get("/client/pagerduty").json()
    assert shown["ok"]
    assert [incident["dedup_key"] for incident in shown["incidents"]] == ["drill"]


def test_the_clock_can_be_turned(sandbox: Sandbox, client: httpx.Client) -> None:
    before = client.get("/client/clock").json()["now"]
    answer = client.post("/client/clock", json={"advance": 3600, "freeze": True}).json()
    assert answer["ok"]
    assert answer["speed"] == 0
    assert answer["now"] >= before + 3600
    assert client.post("/client/clock", json={"speed": 1}).json()["speed"] == 1


@pytest.mark.parametrize("body", [{"speed": -1}, {"speed": "fast"}, {"advance": True}, {"advance": -5}])
def test_a_clock_cannot_be_turned_by_nonsense(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post("/client/clock", json=body)
    assert answer.status_code == 200
    assert answer.json()["error"] == "invalid_arguments"


def test_malformed_json_is_refused(client: httpx.Client) -> None:
    for path in ("/client/clock", "/client/play"):
        answer = client.post(path, content=b"{")
        assert answer.status_code == 400
        assert not answer.json()["ok"]


def test_the_stories_are_listed(client: httpx.Client) -> None:
    listed = client.get("/client/scenarios").json()
    assert {story["name"] for story in listed["scenarios"]} == set(SCENARIOS)
    assert set(SCENARIOS) == {
        *("first-look", "ship-good", "ship-bad", "approve", "rollback", "canary"),
        *("oom", "recover", "incident", "alarm-storm"),
    }


def test_an_unknown_story_is_refused_with_the_known_ones(client: httpx.Client) -> None:
    answer = client.post("/client/play", json={"name": "nothing"}).json()
    assert answer["error"] == "unknown_scenario"
    assert "ship-good" in answer["detail"]


def test_a_story_that_cannot_be_told_says_why(client: httpx.Client) -> None:
    assert client.post("/client/play", json={"name": "ship-good"}).json()["ok"]
    busy = client.post("/client/play", json={"name": "oom"}).json()
    story = until(lambda: story_ended(client))
    # The fake bot answers no command, which Slack shows.
    assert busy["error"] == "already_playing"
    assert story["state"] == "failed"
    assert "/deploy delivery-standard production" in story["detail"]


def test_hints_name_real_channels(client: httpx.Client) -> None:
    channels = {f"#{channel['name']}" for channel in client.get("/client/state").json()["channels"]}
    hints = client.get("/client/hints").json()["hints"]
    assert {hint["channel"] for hint in hints} <= channels


def test_a_second_sandbox_in_the_same_place_is_refused(sandbox: Sandbox) -> None:
    second = Sandbox(config_dir=CONFIG, state_dir=sandbox.state_dir, bot=False)
    with pytest.raises(AlreadyRunningError, match="already running"):
        second.start()
    assert sandbox.env_file.exists()


def test_a_taken_port_is_an_error_that_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    port = int(sandbox.slack.url.rsplit(":", 1)[1])
    second = Sandbox(config_dir=CONFIG, state_dir=tmp_path, bot=False, port=port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    assert not (tmp_path / "env").exists()


def test_the_bot_s_configuration_has_short_times(sandbox: Sandbox) -> None:
    copied = yaml.safe_load((Path(sandbox.env["BOT_CONFIG_DIR"]) / "bot.yaml").read_text())
    original = yaml.safe_load((CONFIG / "bot.yaml").read_text())
    assert copied["timings"]["soak"] == "20s" != original["timings"]["soak"]
    assert copied["default_channel"] == original["default_channel"]
    assert (Path(sandbox.env["BOT_CONFIG_DIR"]) / "systems" / "bi.yaml").exists()


def test_laying_over_merges_mappings_and_replaces_the_rest() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert lay_over(below, {"a": {"c": [3]}, "e": 2}) == {"a": {"b": 1, "c": [3]}, "d": 1, "e": 2}
    assert lay_over(below, {"a": {"b": None}, "d": None}) == {"a": {"c": [1, 2]}}


def test_a_missing_configuration_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no configuration directory"):
        copy_config(tmp_path / "nowhere", tmp_path / "copy")


def test_the_machine_s_own_accounts_never_reach_the_bot() -> None:
    kept = without_foreign_settings(
        {"PATH": "/bin", "AWS_PROFILE": "work", "SLACK_BOT_TOKEN": "x", "https_proxy": "y", "BOT_PORT": "1"}
    )
    assert kept == {
        "PATH": "/bin",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def test_values_with_quotes_survive_the_env_file(tmp_path: Path) -> None:
    variables = {"A": "it's", "B": 'say "hi" $HOME', "C": "", "D": "two\nlines", "E": "export"}
    write_env_file(tmp_path / "env", variables)
    assert read_env_file(tmp_path / "env") == variables
    assert [file.name for file in tmp_path.iterdir()] == ["env"]


def test_what_people_do_in_pagerduty_reaches_the_bot_signed(
    sandbox: Sandbox, client: httpx.Client, outside: httpx.Client
) -> None:
    event = {
        "routing_key": sandbox.env["PAGERDUTY_ESCALATION_ROUTING_KEY"],
        "event_action": "trigger",
        "dedup_key": "bi/api",
        "payload": {"summary": "api is down", "source": "bi", "severity": "critical"},
    }
    assert outside.post("https://events.pagerduty.com/v2/enqueue", json=event).status_code == 202
    incident = client.get("/client/pagerduty").json()["incidents"][-1]
    assert incident["service"]["name"] == "Escalation"
    act = {"user": "U0BOB", "incident": incident["id"], "action": "acknowledge"}
    assert client.post("/client/pagerduty", json=act).json()["ok"]
    refused = client.post("/client/pagerduty", json=act | {"action": "explode"}).json()["detail"]
    assert "There is no explode" in refused

    def told() -> list[str]:
        # A body is longer than what one write takes: the last line may still be growing.
        lines = (sandbox.state_dir / "bot.log").read_text().split("\n")[:-1]
        return [line for line in lines if line.startswith("POST /pagerduty") and "incident.acknowledged" in line]

    _, _, signature, body = until(told)[0].split(" ", 3)
    secret = sandbox.env["PAGERDUTY_WEBHOOK_SECRET"].encode()
    assert signature == "v1=" + hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()


def test_a_letter_sent_through_ses_is_listed(sandbox: Sandbox, client: httpx.Client) -> None:
    told = read_env_file(sandbox.env_file)
    keys = {"aws_access_key_id": told["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": told["AWS_SECRET_ACCESS_KEY"]}
    ses = boto3.client("sesv2", region_name="us-east-1", endpoint_url=told["AWS_ENDPOINT_URL"], **keys)
    ses.create_email_identity(EmailIdentity="oncall@example.com")
    simple = {"Subject": {"Data": "INC-7"}, "Body": {"Text": {"Data": "Next at 15:00"}}}
    raw = b"From: oncall@example.com\r\nTo: b@example.com\r\nSubject: INC-8\r\n\r\nOver."
    to = {"ToAddresses": ["b@example.com"]}
    for content in ({"Simple": simple}, {"Raw": {"Data": raw}}):
        ses.send_email(FromEmailAddress="oncall@example.com", Destination=to, Content=content)
    ses.close()
    mails = client.get("/client/mails").json()["mails"]
    assert [(one["subject"], one["to"], one["text"]) for one in mails] == [
        ("INC-7", ["b@example.com"], "Next at 15:00"),
        ("INC-8", ["b@example.com"], "Over."),
    ]
