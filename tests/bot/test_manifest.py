"""What is handed to Slack and to AWS: it fits the configuration, and lacks nothing the bot calls."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from typer.testing import CliRunner

from alerts.playbook import Playbook
from bot.__main__ import cli
from bot.manifest import EVENTS, SCOPES, manifest, policy
from bot.settings import EnvironmentVariables, Settings, load
from commands import COMMANDS
from sandbox.slack.installation import EVENT_SCOPES
from tests.bot.config_files import BOT, SYSTEM, write

ROOT = Path(__file__).parents[2]
SETTINGS = load(ROOT / "config")
CALLERS = [*ROOT.glob("bot/aws/*.py"), *ROOT.glob("bot/intake/*.py"), ROOT / "bot/app.py"]
SERVICES = {name: name for name in ("application-autoscaling", "cloudfront", "cloudwatch", "codebuild", "codedeploy")}
SERVICES |= {
    name: name for name in ("ecr", "ecs", "iam", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs", "ssm")
}
SERVICES |= {"elbv2": "elasticloadbalancing", "sesv2": "ses", "ec2": "ec2", "sts": "sts"}
SERVICES |= {"cloudtrail": "cloudtrail", "xray": "xray"}
"""botocore's name of each service the bot calls, and IAM's."""
NEEDS_NO_PERMISSION = "sts:GetCallerIdentity"
OF_NAMED_SECRETS = "secretsmanager:GetSecretValue"
"""Allowed only where a playbook or a service names a secret, and for that secret alone."""
IN_THE_BOTS_NAME = {
    "codedeploy:GetApplicationRevision",
    "codedeploy:GetDeploymentConfig",
    "codedeploy:RegisterApplicationRevision",
    "ecs:TagResource",
    "iam:PassRole",
    "s3:GetObjectVersion",
}
"""What AWS does for the bot while another call of its runs: CreateDeployment, RegisterTaskDefinition, CopyObject."""
RENAMED = {
    "s3:CopyObject": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in EnvironmentVariables.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setenv("BOT_CONFIG_DIR", str(ROOT / "config"))


def words_of(path: Path) -> Iterator[str]:
    """Every text and every name of an attribute: whatever may be the name of an operation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr


def operations() -> dict[str, set[str]]:
    """IAM actions by the operation's name in Python; several where services share a name."""
    found: dict[str, set[str]] = {}
    session = botocore.session.Session()
    for name, prefix in SERVICES.items():
        for operation in session.get_service_model(name).operation_names:
            action = f"{prefix}:{operation}"
            found.setdefault(xform_name(operation), set()).add(RENAMED.get(action, action))
    return found


def allowed(settings: Settings) -> set[str]:
    whole = policy(settings, images_bucket="pictures", mail_from="bot@example.com")
    actions = [statement["Action"] for statement in whole["Statement"]]
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


def test_the_policy_allows_every_operation_that_is_called() -> None:
    known = operations()
    called = {word: known[word] for path in CALLERS for word in words_of(path) if word in known}
    assert {"update_service", "list_buckets", "receive_message", "confirm_subscription"} <= called.keys()
    may = allowed(SETTINGS) | {NEEDS_NO_PERMISSION, OF_NAMED_SECRETS}
    assert {word for word, actions in called.items() if not actions & may} == set()


def test_values_of_secrets_are_read_in_one_place_and_those_of_parameters_nowhere() -> None:
    values = {"get_secret_value", "batch_get_secret_value", "get_parameter", "get_parameters"}
    readers = {path.name: values & set(words_of(path)) for path in ROOT.glob("bot/aws/*.py")}
    assert {name: words for name, words in readers.items() if words} == {"secrets.py": {"get_secret_value"}}


PLAYBOOK = """\
title: Default
steps:
  - {do: sql, secret: "{system}/{environment}/db", query: SELECT 1}
  - {do: sql, name: other, secret: "{function}/db", query: SELECT 1}
  - {do: redis, secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cache-AbCdEf"}
  - {do: redis, name: second, address: "cache.example.com:6379"}
"""


def test_only_the_secrets_that_playbooks_name_may_be_opened(tmp_path: Path) -> None:
    settings = load(write(tmp_path, {"playbooks/default.yaml": PLAYBOOK}), Playbook)
    (opened,) = [each for each in policy(settings)["Statement"] if OF_NAMED_SECRETS in each["Action"]]
    assert opened["Resource"] == [
        "arn:aws:secretsmanager:ap-northeast-1:*:secret:bi/production/db-??????",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cache-AbCdEf",
    ]
    assert OF_NAMED_SECRETS not in allowed(load(write(tmp_path, {"playbooks/default.yaml": "title: t\nsteps: []\n"})))


def test_the_secrets_of_what_a_service_needs_may_be_opened(tmp_path: Path) -> None:
    needs = "        needs: {database: {secret: bi/db}, redis: {secret: bi/cache}}\n"
    files = {"playbooks/default.yaml": "title: t\nsteps: []\n", "systems/bi.yaml": SYSTEM + needs}
    (opened,) = [
        each for each in policy(load(write(tmp_path, files)))["Statement"] if OF_NAMED_SECRETS in each["Action"]
    ]
    assert opened["Resource"] == [
        "arn:aws:secretsmanager:ap-northeast-1:*:secret:bi/cache-??????",
        "arn:aws:secretsmanager:ap-northeast-1:*:secret:bi/db-??????",
    ]


def test_secrets_of_another_account_are_named_with_its_number(tmp_path: Path) -> None:
    role = "arn:aws:iam::210987654321:role/runbook-bot"
    files = {"playbooks/default.yaml": PLAYBOOK, "systems/bi.yaml": f"role_arn: {role}\n{SYSTEM}"}
    settings = load(write(tmp_path, files), Playbook)
    resources = [each["Resource"] for each in policy(settings)["Statement"] if OF_NAMED_SECRETS in each["Action"]]
    assert resources[0][0] == "arn:aws:secretsmanager:ap-northeast-1:210987654321:secret:bi/production/db-??????"


def test_only_the_buckets_of_the_configuration_are_opened(tmp_path: Path) -> None:
    site = "      web: {kind: static_site, bucket: site, distribution: E1, artifact: 's3://builds/{version}/'}\n"
    for system, opened in ((SYSTEM, {}), (SYSTEM + site, {"ServeSites": "site", "FetchArtifacts": "builds"})):
        settings = load(write(tmp_path, {"systems/bi.yaml": system}))
        statements = {each["Sid"]: each for each in policy(settings)["Statement"]}
        buckets = {sid: each["Resource"] for sid, each in statements.items() if "s3:GetObject" in each["Action"]}
        assert buckets == {sid: [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"] for sid, name in opened.items()}


def test_exports_are_allowed_only_where_there_is_a_bucket_for_them(tmp_path: Path) -> None:
    assert not {action for action in allowed(load(write(tmp_path, {}))) if "Export" in action}
    settings = load(write(tmp_path, {"systems/bi.yaml": f"logs: {{export: 's3://bi-logs/daily'}}\n{SYSTEM}"}))
    assert "logs:CreateExportTask" in allowed(settings)
    (kept,) = [each for each in policy(settings)["Statement"] if each["Sid"] == "KeepExports"]
    assert kept["Action"] == ["s3:ListBucket", "s3:PutObject"]
    assert kept["Resource"] == ["arn:aws:s3:::bi-logs", "arn:aws:s3:::bi-logs/*"]


def test_builds_are_allowed_only_where_codebuild_has_some(tmp_path: Path) -> None:
    assert not {action for action in allowed(load(write(tmp_path, {}))) if action.startswith("codebuild:")}
    text = SYSTEM.replace("        alarms:", "        build: {codebuild: api-build}\n        alarms:")
    assert "codebuild:StartBuild" in allowed(load(write(tmp_path, {"systems/bi.yaml": text})))


def test_pictures_and_mail_are_allowed_only_where_they_are_used() -> None:
    plain = json.dumps(policy(SETTINGS))
    assert "ses:" not in plain and "pictures" not in plain
    statements = {
        each["Sid"]: each for each in policy(SETTINGS, images_bucket="pictures", mail_from="a@b")["Statement"]
    }
    assert statements["SendMail"]["Action"] == ["ses:SendEmail"]
    assert statements["ShowPictures"]["Resource"] == "arn:aws:s3:::pictures/runbook-bot/*"


def test_the_policy_allows_nothing_that_is_not_called() -> None:
    known = operations()
    called = {action for path in CALLERS for word in words_of(path) for action in known.get(word, ())}
    assert allowed(SETTINGS) - called == IN_THE_BOTS_NAME


def test_what_the_bot_checks_of_itself_is_allowed() -> None:
    action = re.compile(r"[a-z0-9-]+:[A-Z]\w+")
    checked = {word for word in words_of(ROOT / "bot/aws/actions.py") if action.fullmatch(word)} - {OF_NAMED_SECRETS}
    assert "ecs:UpdateService" in checked
    assert checked - allowed(SETTINGS) == set()


def test_roles_of_other_accounts_may_be_assumed_and_no_others(tmp_path: Path) -> None:
    role = "arn:aws:iam::210987654321:role/runbook-bot"
    settings = load(write(tmp_path, {"systems/bi.yaml": f"role_arn: {role}\n{SYSTEM}"}))
    assert policy(settings)["Statement"][-1] == {
        "Sid": "ReachOtherAccounts",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [role],
    }
    assert "sts:AssumeRole" not in allowed(SETTINGS)


def test_the_manifest_registers_the_configured_names(tmp_path: Path) -> None:
    settings = load(write(tmp_path, {"bot.yaml": f"{BOT}commands: {{deploy: ship}}\n"}))
    commands = manifest(settings, socket_mode=True)["features"]["slash_commands"]
    assert [command["command"] for command in commands] == [
        f"/{'ship' if name == 'deploy' else name}" for name in (*COMMANDS, "ops") if name != "help"
    ]
    assert commands[1]["usage_hint"].startswith("<service>")


def printed(*arguments: str) -> Any:
    ended = CliRunner().invoke(cli, list(arguments))
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_the_way_in_is_chosen_before_any_token_exists() -> None:
    socket, http = printed("manifest", "--socket"), printed("manifest", "--http")
    assert socket["settings"]["socket_mode_enabled"] and "YOUR-HOST" not in json.dumps(socket)
    assert http["settings"]["interactivity"]["request_url"] == "https://YOUR-HOST/slack/events"
    assert {command["url"] for command in http["features"]["slash_commands"]} == {"https://YOUR-HOST/slack/events"}


def test_without_a_choice_the_app_token_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed("manifest") == printed("manifest", "--http")
    monkeypatch.setenv("SLACK_APP_TOKEN", "a" * 8)
    assert printed("manifest") == printed("manifest", "--socket")


def test_no_scope_is_asked_for_that_nothing_uses() -> None:
    assert "channels:join" not in SCOPES
    assert printed("manifest")["oauth_config"]["scopes"]["bot"] == list(SCOPES)


@pytest.mark.parametrize("command", ["manifest", "iam-policy"])
def test_a_bad_configuration_is_named_and_nothing_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("BOT_CONFIG_DIR", str(tmp_path / "nowhere"))
    ended = CliRunner().invoke(cli, [command])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr == "nowhere:0: (file): is no directory; BOT_CONFIG_DIR names another one\n"


def test_marks_edits_and_the_home_tab_are_subscribed_to_with_no_more_scopes_than_they_need() -> None:
    given = printed("manifest", "--socket")
    assert given["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert {"reaction_added", "reaction_removed", "pin_added", "pin_removed", "app_home_opened"} < set(EVENTS)
    assert given["features"]["app_home"]["home_tab_enabled"] is True
    assert [each["callback_id"] for each in given["features"]["shortcuts"]] == ["incident:note", "alarm:explain"]
    for event in EVENTS:
        needed = EVENT_SCOPES[event]
        assert not needed or set(needed) & set(SCOPES), event
    # What only its asker is to see goes into their own conversation with the bot.
    one_person = {"im:history", "im:write"}
    assert {scope for scope in SCOPES if scope.startswith(("im:", "mpim:"))} == one_person
    assert {scope for scope in SCOPES if scope.endswith("s:write")} == {"files:write"}
