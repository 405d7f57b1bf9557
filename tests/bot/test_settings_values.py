"""Mistakes in bot.yaml and access.yaml, and the very lines the operator reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import RESERVED_COMMANDS, load
from sandbox.slack import seed
from tests.bot.config_files import ACCESS, BOT, problems, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["config/bot.yaml:1: (file): is empty"]),
        ("# only a comment\n", ["config/bot.yaml:1: (file): is empty"]),
        ("- a\n- b\n", ["config/bot.yaml:1: (file): must be a block of keys"]),
        ("default_channel:\n\tx: y\n", ["config/bot.yaml:2: (file): has a tab where YAML wants spaces"]),
        (
            f"{BOT}---\n{BOT}",
            [
                "config/bot.yaml:2: (file): holds more than one document; everything after the second "
                "'---' would be lost"
            ],
        ),
        (
            "default_channel: #ops\n",
            ["config/bot.yaml:1: default_channel: must be text; nothing stands here (a text with # needs quotes)"],
        ),
        ("default_channel: ops\n", ["config/bot.yaml:1: default_channel: must start with '#', in quotes: \"#ops\""]),
        (
            'default_channel: "#Ops Room"\n',
            [
                "config/bot.yaml:1: default_channel: must be '#' and a channel name of small letters, digits, '-' and "
                "'_', at most 80 long"
            ],
        ),
        ("default_channel: 7\n", ["config/bot.yaml:1: default_channel: must be text; put it in quotes"]),
        (
            f"{BOT}default_chanel: x\n",
            ["config/bot.yaml:2: default_chanel: is not known here; did you mean 'default_channel'?"],
        ),
        (
            f"{BOT}zzz: x\n",
            [
                "config/bot.yaml:2: zzz: is not known here; there are commands, correlation, "
                "default_channel, digest, retention, severities, timings",
            ],
        ),
        (f"{BOT}{BOT}", ["config/bot.yaml:2: default_channel: is given twice; the first is at line 1"]),
        (
            f"{BOT}retention: 90\n",
            ["config/bot.yaml:2: retention: must be a duration, a number and a unit as in 90s, 15m, 1h or 2d"],
        ),
        (
            f"{BOT}timings:\n  soak: never\n",
            ["config/bot.yaml:3: timings.soak: must be a duration, a number and a unit as in 90s, 15m, 1h or 2d"],
        ),
        (f"{BOT}retention: 0d\n", ["config/bot.yaml:2: retention: must be at least 1s"]),
        (
            f"{BOT}timings:\n  plan_expires: 0m\n  settle_poll: 0s\n  soak: 0s\n  findings_deadline: 1s\n",
            [
                "config/bot.yaml:3: timings.plan_expires: must be at least 1s",
                "config/bot.yaml:4: timings.settle_poll: must be at least 1s",
                "config/bot.yaml:6: timings.findings_deadline: must be at least 2s and at most 60s",
            ],
        ),
        (
            f"{BOT}timings:\n  findings_deadline: 2m\n",
            ["config/bot.yaml:3: timings.findings_deadline: must be at least 2s and at most 60s"],
        ),
        (f"{BOT}timings:\n", ["config/bot.yaml:2: timings: must be a block of keys; nothing stands here"]),
        (
            f"{BOT}commands:\n  deploi: x\n",
            ["config/bot.yaml:3: commands.deploi: is no command of the bot; did you mean 'deploy'?"],
        ),
        (
            f"{BOT}commands:\n  services: status\n",
            [
                "config/bot.yaml:3: commands.services: /status is one of Slack's own commands, and a manifest with it "
                "is rejected; choose another name"
            ],
        ),
        (f"{BOT}commands: {{ops: /ops}}\n", ["config/bot.yaml:2: commands.ops: is written without the slash: ops"]),
        (
            f"{BOT}commands: {{ops: Ops}}\n",
            ["config/bot.yaml:2: commands.ops: must be small letters, digits, '-' and '_', at most 32 long"],
        ),
        (
            f"{BOT}commands:\n  deploy: run\n  ops: run\n",
            ["config/bot.yaml:4: commands.ops: /run is already the name of deploy"],
        ),
        (
            f"{BOT}commands:\n  services: deploy\n",
            ["config/bot.yaml:3: commands.services: /deploy is already the name of deploy"],
        ),
    ],
)
def test_every_mistake_in_bot_yaml_has_its_line(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert problems(tmp_path, {"bot.yaml": text}) == expected


def test_commands_may_change_their_names_with_each_other(tmp_path: Path) -> None:
    config = write(tmp_path, {"bot.yaml": f"{BOT}commands: {{services: deploy, deploy: services}}\n"})
    assert load(config, known_commands=("services", "deploy", "ops")).bot.registered_name("deploy") == "services"


def test_every_name_the_pretend_slack_refuses_is_refused_before() -> None:
    assert {f"/{name}" for name in RESERVED_COMMANDS} >= seed.RESERVED_COMMANDS


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("deploy", "deploi", "config/access.yaml:5: allow[0].action: 'deploi' is not known; did you mean 'deploy'?"),
        (
            "[on-call]",
            "[oncall]",
            "config/access.yaml:7: allow[0].roles[0]: 'oncall' is no role; did you mean 'on-call'?",
        ),
        (
            "[production]",
            "[prodction]",
            "config/access.yaml:6: allow[0].environments[0]: 'prodction' is no environment of any system; did you mean "
            "'production'?",
        ),
        (
            "[S0ONCALL]",
            "[oncall]",
            "config/access.yaml:3: roles.on-call.groups[0]: must be the id of a user group (S...), not its name",
        ),
        (
            "groups: [S0ONCALL]",
            "users: [alice]",
            "config/access.yaml:3: roles.on-call.users[0]: must be the id of a person (U...), not a name",
        ),
        (
            "groups: [S0ONCALL]",
            "groups: []",
            "config/access.yaml:2: roles.on-call: has nobody in it; list groups or users",
        ),
        (
            "allow:",
            "  anyone: {users: [U0ALICE]}\nallow:",
            "config/access.yaml:4: roles.anyone: is the built-in word for every full member; choose another name",
        ),
        ("    roles: [on-call]\n", "", "config/access.yaml:5: allow[0].roles: is missing"),
        ("[on-call]", "on-call", "config/access.yaml:7: allow[0].roles: must be a list"),
    ],
)
def test_every_mistake_in_access_yaml_has_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert problems(tmp_path, {"access.yaml": ACCESS.replace(old, new)}) == [expected]


APPROVALS = "approvals:\n  - {{action: {}}}\n"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("deploi", "approvals[0].action: 'deploi' is not known; did you mean 'deploy'?"),
        ("read", "approvals[0].action: needs no approval: what only reads runs at once"),
        ("deploy, systems: [by]", "approvals[0].systems[0]: 'by' is no system; there are *, bi"),
        ("deploy, environments: [prod]", "approvals[0].environments[0]: 'prod' is no environment of any system"),
        ("deploy, roles: [oncall]", "approvals[0].roles[0]: 'oncall' is no role; did you mean 'on-call'?"),
        ("deploy, expires: 30", "approvals[0].expires: must be a duration"),
        ("deploy, expires: 5s", "approvals[0].expires: must be at least 1m"),
        ("deploy, people: 9", "approvals[0].people: input should be less than or equal to 5"),
        ("deploy, peeple: 2", "approvals[0].peeple: is not known here; did you mean 'people'?"),
        ("deploy, people: 2, roles: [boss]", "approvals[0].people: can never be reached: the roles have 1 people"),
    ],
)
def test_a_mistake_in_the_approvals_names_what_would_be_right(tmp_path: Path, rule: str, expected: str) -> None:
    access = ACCESS.replace("roles:\n", "roles:\n  boss: {users: [U0BOSS]}\n", 1) + APPROVALS.format(rule)
    (found,) = problems(tmp_path, {"access.yaml": access})
    assert expected in found
