"""Mistakes in the systems, within one file and between them, and the very lines the operator reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import load
from tests.bot.config_files import IN_API, OTHER, SYSTEM, problems, write

FUNCTION = SYSTEM.replace("kind: ecs\n        cluster: bi-production", "kind: lambda\n        function: resize")
WITH_ALIAS = FUNCTION.replace("function: resize", "function: resize\n        alias: live")
SITE = SYSTEM.replace("kind: ecs\n        cluster: bi-production", "kind: static_site")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SYSTEM.replace("region: ap-northeast-1\n", ""), ["config/systems/bi.yaml:1: region: is missing"]),
        (
            SYSTEM.replace("ap-northeast-1", "us-esat-1"),
            ["config/systems/bi.yaml:3: region: must be an AWS region such as us-east-1 or ap-northeast-1"],
        ),
        (
            SYSTEM.replace("system: bi", "system: BI"),
            [
                "config/systems/bi.yaml:1: system: must be a name of small letters, digits and '-', starting with a "
                "letter, at most 40 long"
            ],
        ),
        (
            SYSTEM.replace("cluster:", "clutser:"),
            [
                IN_API.format(7, ".cluster", "is needed for kind ecs"),
                IN_API.format(9, ".clutser", "is not known here; did you mean 'cluster'?"),
            ],
        ),
        (
            SYSTEM.replace("kind: ecs", "kind: esc"),
            [IN_API.format(8, ".kind", "must be ecs, lambda or static_site, not 'esc'; did you mean 'ecs'?")],
        ),
        (FUNCTION, [IN_API.format(7, ".alias", "is needed for kind lambda")]),
        (
            SITE,
            [
                IN_API.format(7, ".bucket", "is needed for kind static_site"),
                IN_API.format(7, ".distribution", "is needed for kind static_site"),
            ],
        ),
        (
            SYSTEM.replace("cluster:", "bucket: x\n        cluster:"),
            [IN_API.format(9, ".bucket", "belongs to kind static_site, and this is ecs")],
        ),
        (
            SYSTEM + "        canary: [10]\n        artifact: s3://bucket/{version}.zip\n",
            [
                IN_API.format(12, ".canary", "belongs to kind lambda, and this is ecs"),
                IN_API.format(13, ".artifact", "belongs to kind lambda or static_site, and this is ecs"),
            ],
        ),
        (
            WITH_ALIAS + "        canary: [50, 10]\n        canary_wait: 2h\n",
            [
                IN_API.format(13, ".canary", "must be percents from 1 to 99, each more than the one before"),
                IN_API.format(14, ".canary_wait", "must be at least 10s and at most 1h"),
            ],
        ),
        (
            WITH_ALIAS + "        canary: [0, 10]\n        artifact: s3://bucket/{version}/\n",
            [
                IN_API.format(13, ".canary", "must be percents from 1 to 99, each more than the one before"),
                IN_API.format(14, ".artifact", "must name a zip, and not a folder"),
            ],
        ),
        (
            WITH_ALIAS + "        canary: [10, 100]\n        artifact: s3://bucket/latest.zip\n",
            [
                IN_API.format(13, ".canary", "must be percents from 1 to 99, each more than the one before"),
                IN_API.format(14, ".artifact", "must be s3://<bucket>/<key> with {version} in the key, once"),
            ],
        ),
        (WITH_ALIAS + "        canary: ten\n", [IN_API.format(13, ".canary", "must be a list")]),
        (
            SYSTEM + "        health: {url: ftp://x/y, code: '200'}\n",
            [
                IN_API.format(12, ".health.code", "must be a whole number; take the quotes away"),
                IN_API.format(12, ".health.url", "must be an http or https address with a host and no user name"),
            ],
        ),
        (
            SYSTEM + "        health:\n          url: https://x\n          code: 99\n",
            [IN_API.format(14, ".health.code", "must be an HTTP status, 100 to 599")],
        ),
        (
            SYSTEM + "        health: {url: 'https://x', expect: {version: 1.0}}\n",
            [
                IN_API.format(
                    12, ".health.expect.version", "must be a whole number, text or true or false; put it in quotes"
                )
            ],
        ),
        (
            SYSTEM.replace("{name: errors}", "{name: errors, severity: urgent}"),
            [IN_API.format(11, ".alarms[0].severity", "must be critical, high, medium or low, not 'urgent'")],
        ),
        (
            SYSTEM + "          - {name: errors}\n",
            [
                IN_API.format(
                    12,
                    ".alarms[1].name",
                    "'errors' is already listed for bi/api production at config/systems/bi.yaml:11",
                )
            ],
        ),
        (
            SYSTEM.replace("system: bi\n", "system: bi\nrole_arn: deployer\n"),
            ["config/systems/bi.yaml:2: role_arn: must be the ARN of a role: arn:aws:iam::<12 digits>:role/<name>"],
        ),
        (
            SYSTEM.replace("system: bi\n", "system: bi\nexternal_id: abc\n"),
            ["config/systems/bi.yaml:2: external_id: is used only with a role_arn beside it"],
        ),
        (
            SYSTEM.replace("system: bi\n", "system: bi\npagerduty_routing_key_env: my-key\n"),
            [
                "config/systems/bi.yaml:2: pagerduty_routing_key_env: must be the name of an environment variable "
                "(capitals, digits, '_'), not the key itself"
            ],
        ),
        (
            SYSTEM.replace("{name: errors}", "{name: errors, severity: low}"),
            [
                "config/systems/bi.yaml:1: email: the alarm 'errors' is low and its route is email; name addresses in "
                "email"
            ],
        ),
        (
            SYSTEM + "severities:\n  medium: {route: email, within: never}\n",
            [
                "config/systems/bi.yaml:13: severities.medium.route: the alarm 'errors' is medium and its route is "
                "email; name addresses in email"
            ],
        ),
        (
            SYSTEM
            + "pagerduty_routing_key_env: FIRST\nescalation:\n  - {name: L1, pagerduty: true}\n"
            + "  - {name: L2, pagerduty_routing_key_env: LEAD}\n  - {name: L3, pagerduty_routing_key_env: LEAD}\n"
            + "  - {name: L4, pagerduty_routing_key_env: FIRST}\n  - {name: L5, pagerduty: true}\n",
            [
                "config/systems/bi.yaml:16: escalation[2].pagerduty_routing_key_env: LEAD is the key of L2 already, "
                "and would call the same people",
                "config/systems/bi.yaml:17: escalation[3].pagerduty_routing_key_env: FIRST is the key of L1 already, "
                "and would call the same people",
            ],
        ),
        (
            SYSTEM[: SYSTEM.index("      api")].replace("services:", "services: {}"),
            ["config/systems/bi.yaml:6: environments.production.services: must name at least one"],
        ),
        (
            SYSTEM.replace("      api:", "      production:"),
            [
                "config/systems/bi.yaml:7: environments.production.services.production: is also the name of an "
                "environment, so typing it could mean either"
            ],
        ),
        (
            SYSTEM.replace("      api:", "      bi:"),
            [
                "config/systems/bi.yaml:7: environments.production.services.bi: is also the name of a system, so "
                "typing it could mean either"
            ],
        ),
        (
            SYSTEM + "      backend: {kind: ecs, cluster: bi-production, service: api}\n",
            [
                "config/systems/bi.yaml:12: environments.production.services.backend: is the same ecs service as "
                "bi/api production at config/systems/bi.yaml:7"
            ],
        ),
    ],
)
def test_every_mistake_in_a_system_has_its_line(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert problems(tmp_path, {"systems/bi.yaml": text}) == expected


def test_a_route_by_email_needs_addresses_only_where_an_alarm_takes_it(tmp_path: Path) -> None:
    low = SYSTEM.replace("{name: errors}", "{name: errors, severity: low}")
    told = {"bot.yaml": 'default_channel: "#ops"\nseverities:\n  low: {route: slack, within: never}\n'}
    for files in ({"systems/bi.yaml": SYSTEM}, {"systems/bi.yaml": low, **told}):
        assert load(write(tmp_path, files)).systems
    assert load(write(tmp_path, {"systems/bi.yaml": low + "email: [ops@example.com]\n"})).systems


def test_two_systems_may_not_share_a_name_or_an_alarm(tmp_path: Path) -> None:
    twin = SYSTEM.replace("cluster: bi-production", "cluster: bi-other").replace("api:", "web:")
    assert problems(tmp_path, {"systems/twin.yaml": twin}) == [
        "config/systems/twin.yaml:1: system: 'bi' is already the name of the system at config/systems/bi.yaml:1",
        "config/systems/twin.yaml:11: environments.production.services.web.alarms[0].name: 'errors' is already listed "
        "for bi/api production at config/systems/bi.yaml:11",
    ]


def test_the_same_alarm_name_in_another_region_is_another_alarm(tmp_path: Path) -> None:
    other = OTHER.replace("zoo-errors", "errors").replace("ap-northeast-1", "eu-west-1")
    assert len(load(write(tmp_path, {"systems/zoo.yaml": other})).systems) == 2


def test_a_canary_with_steps_and_a_zip_to_ship_is_accepted(tmp_path: Path) -> None:
    good = "        canary: [1, 50, 99]\n        canary_wait: 10s\n        artifact: s3://my.bucket/x/{version}.zip\n"
    (system,) = load(write(tmp_path, {"systems/bi.yaml": WITH_ALIAS + good})).systems
    service = system.environments["production"].services["api"]
    assert (service.canary, service.canary_wait) == ((1, 50, 99), 10.0)
    assert service.artifact == "s3://my.bucket/x/{version}.zip"


BUILDING = SYSTEM.replace("        alarms:", "        build: {}\n        alarms:")
IN_BUILD = IN_API.format(10, ".build{}", "{}")
BOTH = "must name a CodeBuild project or a GitHub workflow, not both"
NEITHER = "must name codebuild, or github and workflow"
FILE = "must be the workflow's file name below .github/workflows, ending in .yml or .yaml"


@pytest.mark.parametrize(
    ("build", "key", "message"),
    [
        ("{}", "", NEITHER),
        ("{ref: main}", "", NEITHER),
        ("{codebuild: api, github: example/api, workflow: a.yml}", "", BOTH),
        ("{codebuild: api, workflow: a.yml}", "", BOTH),
        ("{github: example/api}", ".workflow", "is needed beside github"),
        ("{workflow: a.yml}", ".github", "is needed beside workflow"),
        (
            *("{github: https://github.com/example/api, workflow: a.yml}", ".github"),
            "must be a GitHub repository as owner/name, without an address before it",
        ),
        ("{github: example/api, workflow: release}", ".workflow", FILE),
        ("{github: example/api, workflow: .github/workflows/a.yml}", ".workflow", FILE),
        ("{codebuild: api, ref: main}", ".ref", "is a branch or tag of the GitHub repository"),
        (
            *("{codebuild: 'my build'}", ".codebuild"),
            "must be a CodeBuild project's name: letters, digits, '-' and '_', 2 to 150 long",
        ),
    ],
)
def test_a_build_is_one_thing_and_whole(tmp_path: Path, build: str, key: str, message: str) -> None:
    found = problems(tmp_path, {"systems/bi.yaml": BUILDING.replace("{}", build)})
    assert IN_BUILD.format(key, message) in found


def test_a_build_of_either_kind_is_read(tmp_path: Path) -> None:
    builds = ("{codebuild: api-build}", "{github: my-org/api.v2, workflow: release.yaml, ref: v1}")
    for build in builds:
        load(write(tmp_path, {"systems/bi.yaml": BUILDING.replace("{}", build)}))


def test_a_token_of_github_in_a_file_is_refused(tmp_path: Path) -> None:
    token = "ghp_" + "a1" * 18
    (problem,) = problems(tmp_path, {"systems/bi.yaml": BUILDING.replace("{}", f"{{codebuild: {token}}}")})
    assert "looks like a secret" in problem and token not in problem


NEEDING = SYSTEM.replace("        alarms:", "        needs: {}\n        alarms:")
IN_NEEDS = IN_API.format(10, ".needs{}", "{}")


@pytest.mark.parametrize(
    ("needs", "key", "message"),
    [
        ("{redis: {}}", ".redis", "must name an address, or a secret that holds one"),
        ("{redis: {address: 'redis://cache'}}", ".redis.address", "must be host:port, without a scheme before it"),
        (
            *("{redis: {address: cache, nodes: [a b]}}", ".redis.nodes[0]"),
            "must be the id of an ElastiCache node: letters, digits and '-', at most 50 long",
        ),
        (
            *("{database: {}}", ".database"),
            "must name a secret to ask it with, or an RDS instance that CloudWatch counts for",
        ),
        (
            *("{database: {secret: a, instance: b}}", ".database"),
            "must name a secret to ask it with, or an RDS instance that CloudWatch counts for",
        ),
        ("{database: {instance: b, address: 'b:5432'}}", ".database.address", "is used only with a secret"),
        (
            *("{database: {instance: 'my db'}}", ".database.instance"),
            "must be the identifier of an RDS instance: letters, digits and '-', at most 63 long",
        ),
        ("{queues: [a b]}", ".queues[0]", "must be an SQS queue: its name, its address or its ARN"),
        (
            *("{tables: [a/b]}", ".tables[0]"),
            "must be the name of a DynamoDB table: letters, digits, '_', '-' and '.', 3 to 255 long",
        ),
        (
            *("{certificates: ['https://a.example.com/x']}", ".certificates[0]"),
            "must be a host's name, without scheme, port and path",
        ),
    ],
)
def test_what_a_service_needs_is_named_so_that_it_can_be_found(
    tmp_path: Path, needs: str, key: str, message: str
) -> None:
    found = problems(tmp_path, {"systems/bi.yaml": NEEDING.replace("{}", needs, 1) if needs else NEEDING})
    assert IN_NEEDS.format(key, message) in found


def test_what_a_service_needs_is_read(tmp_path: Path) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo"
    needs = (
        f"{{database: {{secret: bi/db, address: 'db.internal:5432'}}, redis: {{secret: bi/cache, tls: true}}, "
        f"queues: [jobs, '{queue}', 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs'], "
        "certificates: [www.example.com]}"
    )
    (system,) = load(write(tmp_path, {"systems/bi.yaml": NEEDING.replace("{}", needs, 1)})).systems
    found = system.environments["production"].services["api"].needs
    assert found.secrets == ("bi/db", "bi/cache")
    assert found.queues[1] == queue
    assert found.redis is not None
    assert found.redis.tls
