"""The check against AWS and Slack, with a pretend account in which one thing at a time is different."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.check import offline, online, render
from bot.domain import Account, Target
from bot.errors import Problem, UpstreamError
from bot.probes import Channel, RunningTask
from bot.settings import Settings, load
from tests.bot.config_files import BOT, SYSTEM, write

HERE = Account("ap-northeast-1")
SERVICES = """\
      executor: {kind: ecs, cluster: bi-production, service: runner, family: bi-runner, container: app,
                 log_groups: [/ecs/extra]}
      resize: {kind: lambda, function: bi-resize, alias: prod}
      frontend: {kind: static_site, bucket: bi-static, distribution: E1BI, alarms: [{name: site-errors}]}
"""
API = "config/systems/bi.yaml:{}: environments.production.services.api{}: {}"


@dataclass
class PretendCloud:
    """An account and a workspace in which everything is as configured, until a test changes something."""

    clusters_: list[str] = field(default_factory=lambda: ["bi-production"])
    services_: list[str] = field(default_factory=lambda: ["api", "runner"])
    task: RunningTask = field(default_factory=lambda: RunningTask("bi-api", ("app",), ("/ecs/bi-api",)))
    groups: list[str] = field(default_factory=lambda: ["/ecs/bi-api", "/ecs/extra"])
    alarms_: dict[str, list[str]] = field(
        default_factory=lambda: {"ap-northeast-1": ["errors"], "us-east-1": ["site-errors"]}
    )
    families_: list[str] = field(default_factory=lambda: ["bi-runner"])
    functions_: list[str] = field(default_factory=lambda: ["bi-resize"])
    aliases_: list[str] = field(default_factory=lambda: ["prod"])
    buckets_: list[str] = field(default_factory=lambda: ["bi-static"])
    distributions_: list[str] = field(default_factory=lambda: ["E1BI"])
    projects: list[str] = field(default_factory=lambda: ["bi-api-build"])
    workflows_: dict[str, list[str]] = field(default_factory=lambda: {"example/bi": ["release.yml"]})
    wrong_intake: list[tuple[str, str]] = field(default_factory=list)
    channels_: dict[str, Channel] = field(
        default_factory=lambda: {"#ops": Channel(), "#bi-platform": Channel(), "C0OPS": Channel()}
    )
    groups_: dict[str, str] = field(default_factory=lambda: {"S0ONCALL": "oncall"})
    scopes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if name in self.broken:
            raise UpstreamError("AWS did not answer.", hint="Try again.")

    def clusters(self, account: Account) -> Collection[str]:
        self._ask("clusters")
        return self.clusters_

    def services(self, account: Account, cluster: str) -> Collection[str]:
        self._ask("services")
        return self.services_

    def running(self, target: Target) -> RunningTask:
        self._ask("running")
        return self.task

    def families(self, account: Account) -> Collection[str]:
        self._ask("families")
        return self.families_

    def log_groups(self, account: Account, prefix: str) -> Collection[str]:
        self._ask("log_groups")
        return [group for group in self.groups if group.startswith(prefix)]

    def alarms(self, account: Account) -> Collection[str]:
        self._ask("alarms")
        return self.alarms_.get(account.region, [])

    def functions(self, account: Account) -> Collection[str]:
        self._ask("functions")
        return self.functions_

    def aliases(self, account: Account, function: str) -> Collection[str]:
        self._ask("aliases")
        return self.aliases_

    def buckets(self, account: Account) -> Collection[str]:
        self._ask("buckets")
        return self.buckets_

    def distributions(self, account: Account) -> Collection[str]:
        self._ask("distributions")
        return self.distributions_

    def build_projects(self, account: Account) -> Collection[str]:
        self._ask("build_projects")
        return self.projects

    def workflows(self, repository: str) -> Collection[str]:
        self._ask("workflows")
        return self.workflows_[repository]

    def denied(self, account: Account) -> Mapping[str, str]:
        self._ask("denied")
        return self.refused

    def intake(self) -> Iterable[tuple[str, str]]:
        self._ask("intake")
        return self.wrong_intake

    def channels(self) -> Mapping[str, Channel]:
        self._ask("channels")
        return self.channels_

    def user_groups(self) -> Mapping[str, str]:
        self._ask("user_groups")
        return self.groups_

    def socket_mode(self) -> None:
        self._ask("socket_mode")

    def missing_scopes(self) -> Collection[str]:
        self._ask("missing_scopes")
        return self.scopes

    def is_set(self, variable: str) -> bool:
        return variable in self.variables


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(write(tmp_path, {"systems/bi.yaml": SYSTEM + SERVICES}))


@pytest.fixture
def cloud() -> PretendCloud:
    return PretendCloud()


def lines(settings: Settings, cloud: PretendCloud) -> list[str]:
    return render(online(settings, cloud)).splitlines()


def test_what_exists_as_configured_has_no_problem(settings: Settings, cloud: PretendCloud) -> None:
    assert lines(settings, cloud) == []


def test_each_list_is_asked_for_once(settings: Settings, cloud: PretendCloud) -> None:
    online(settings, cloud)
    once = [name for name in cloud.asked if name not in ("running", "alarms")]
    assert sorted(once) == sorted(set(once))
    assert cloud.asked.count("alarms") == 2  # the system's region, and CloudFront's


def test_a_misspelt_cluster_is_answered_with_the_right_one(settings: Settings, cloud: PretendCloud) -> None:
    cloud.clusters_ = ["bi-prodution"]
    message = "cluster 'bi-production' does not exist in ap-northeast-1; did you mean 'bi-prodution'?"
    assert lines(settings, cloud)[0] == API.format(9, ".cluster", message)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("services_", "service: ECS service 'runner' does not exist in ap-northeast-1; there are none"),
        ("families_", "family: task definition family 'bi-runner' does not exist in ap-northeast-1; there are none"),
        ("functions_", "function: function 'bi-resize' does not exist in ap-northeast-1; there are none"),
        ("aliases_", "alias: alias 'prod' does not exist in ap-northeast-1; there are none"),
        ("buckets_", "bucket: bucket 'bi-static' does not exist in ap-northeast-1; there are none"),
        ("distributions_", "distribution: distribution 'E1BI' does not exist in ap-northeast-1; there are none"),
        ("groups", "log_groups[0]: log group '/ecs/extra' does not exist in ap-northeast-1; there are none"),
        ("groups", "services.api: log group '/ecs/bi-api' does not exist in ap-northeast-1; there are none"),
        ("alarms_", "alarms[0].name: alarm 'errors' does not exist in ap-northeast-1; there are none"),
    ],
)
def test_whatever_is_gone_is_named(settings: Settings, cloud: PretendCloud, names: str, expected: str) -> None:
    getattr(cloud, names).clear()
    assert any(line.endswith(expected) for line in lines(settings, cloud))


def test_a_bucket_for_exports_must_exist(tmp_path: Path, cloud: PretendCloud) -> None:
    text = f"logs: {{export: 's3://bi-logs/daily'}}\n{SYSTEM}"
    settings = load(write(tmp_path, {"systems/bi.yaml": text}))
    (line,) = lines(settings, cloud)
    assert line.endswith("logs.export: bucket 'bi-logs' does not exist in ap-northeast-1; there is bi-static") or (
        "bucket 'bi-logs' does not exist in ap-northeast-1" in line
    )
    cloud.buckets_.append("bi-logs")
    assert lines(settings, cloud) == []


def test_who_builds_must_exist(tmp_path: Path, cloud: PretendCloud) -> None:
    project, workflow = "{codebuild: bi-api-build}", "{github: example/bi, workflow: release.yml}"
    for build in (project, workflow):
        text = SYSTEM.replace("        alarms:", f"        build: {build}\n        alarms:")
        settings = load(write(tmp_path, {"systems/bi.yaml": text}))
        assert lines(settings, cloud) == []
        cloud.projects, cloud.workflows_ = ["bi-api-biuld"], {"example/bi": ["relaese.yml"]}
        (line,) = lines(settings, cloud)
        expected = {
            project: "codebuild: CodeBuild project 'bi-api-build' does not exist in ap-northeast-1; "
            "did you mean 'bi-api-biuld'?",
            workflow: "workflow: workflow 'release.yml' does not exist in example/bi; did you mean 'relaese.yml'?",
        }
        assert line == f"config/systems/bi.yaml:10: environments.production.services.api.build.{expected[build]}"
        cloud.broken = ["build_projects", "workflows"]
        (line,) = lines(settings, cloud)
        assert "could not be checked: AWS did not answer." in line
        cloud = PretendCloud()


def test_a_task_with_several_containers_needs_one_named(settings: Settings, cloud: PretendCloud) -> None:
    cloud.task = replace(cloud.task, containers=("app", "proxy"))
    assert lines(settings, cloud) == [API.format(7, ".container", "must say which container; there are app, proxy")]


def test_channels_must_exist_and_have_the_bot_in_them(settings: Settings, cloud: PretendCloud) -> None:
    cloud.channels_ = {"#ops": Channel(is_member=False), "#bi-platfrom": Channel()}
    assert lines(settings, cloud) == [
        "config/bot.yaml:1: default_channel: the bot is not in #ops; invite it there with /invite",
        "config/systems/bi.yaml:2: channel: #bi-platform does not exist, or is private and the bot is not in it; "
        "did you mean '#bi-platfrom'?",
    ]


def test_an_archived_channel_is_told_from_one_that_does_not_exist(settings: Settings, cloud: PretendCloud) -> None:
    cloud.channels_["#bi-platform"] = Channel(is_archived=True)
    message = "#bi-platform is archived; unarchive it, or name another channel"
    assert lines(settings, cloud) == [f"config/systems/bi.yaml:2: channel: {message}"]


def test_a_user_group_must_exist(settings: Settings, cloud: PretendCloud) -> None:
    cloud.groups_ = {"S0SRE": "sre", "S0ALL": "everybody"}
    assert lines(settings, cloud) == [
        "config/access.yaml:3: roles.on-call.groups[0]: the user group S0ONCALL does not exist; "
        "there are S0ALL (@everybody), S0SRE (@sre)"
    ]


def test_what_is_wrong_with_the_intake_is_said_of_its_variable(settings: Settings, cloud: PretendCloud) -> None:
    cloud.wrong_intake = [("BOT_SQS_QUEUE_URLS", "the queue q does not exist")]
    assert lines(settings, cloud) == ["environment:0: BOT_SQS_QUEUE_URLS: the queue q does not exist"]


def test_tokens_that_do_not_work_are_one_problem_each(settings: Settings, cloud: PretendCloud) -> None:
    cloud.broken = ["socket_mode", "missing_scopes", "channels", "user_groups"]
    assert lines(settings, cloud) == [
        "environment:0: SLACK_APP_TOKEN: socket mode could not be checked: AWS did not answer. Try again.",
        "environment:0: SLACK_BOT_TOKEN: missing scopes could not be checked: AWS did not answer. Try again.",
    ]


def test_every_permission_that_lacks_is_named(settings: Settings, cloud: PretendCloud) -> None:
    cloud.refused = {"ecs:UpdateService": "no policy allows it"}
    cloud.scopes = ["chat:write"]
    assert lines(settings, cloud) == [
        "config/systems/bi.yaml:5: environments.production: the bot may not ecs:UpdateService: no policy allows it",
        "environment:0: SLACK_BOT_TOKEN: lacks the scope chat:write",
    ]


def test_a_question_that_fails_is_one_problem_and_stops_no_other(settings: Settings, cloud: PretendCloud) -> None:
    cloud.broken = ["clusters", "channels", "alarms"]
    cloud.buckets_ = []
    assert [line.split(": ", 2)[2] for line in lines(settings, cloud)] == [
        "channels could not be checked: AWS did not answer. Try again.",
        "clusters could not be checked: AWS did not answer. Try again.",
        "alarms could not be checked: AWS did not answer. Try again.",
        "alarms could not be checked: AWS did not answer. Try again.",
        "bucket 'bi-static' does not exist in ap-northeast-1; there are none",
    ]


def test_a_task_that_cannot_be_read_is_a_problem_of_its_service(settings: Settings, cloud: PretendCloud) -> None:
    cloud.broken = ["running"]
    assert lines(settings, cloud)[0] == API.format(7, "", "could not be checked: AWS did not answer. Try again.")


def test_a_routing_key_that_is_named_must_be_set(tmp_path: Path, cloud: PretendCloud) -> None:
    settings = load(write(tmp_path, {"systems/bi.yaml": f"pagerduty_routing_key_env: BI_KEY\n{SYSTEM}"}))
    expected = "config/systems/bi.yaml:1: pagerduty_routing_key_env: the environment variable BI_KEY is not set"
    assert lines(settings, cloud) == [expected]
    cloud.variables = ["BI_KEY"]
    assert lines(settings, cloud) == []


def test_the_files_alone_can_be_checked_without_any_account(tmp_path: Path) -> None:
    assert offline(write(tmp_path, {})) == []
    assert offline(write(tmp_path, {"bot.yaml": f"{BOT}x: 1\n"})) == [
        Problem(
            "config/bot.yaml",
            2,
            "x",
            "is not known here; there are commands, correlation, default_channel, digest, retention, severities, "
            "timings",
        )
    ]
    assert render([]) == ""
