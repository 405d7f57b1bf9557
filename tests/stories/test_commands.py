"""What people type, well or not, and what only they are shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox.app_config import copy_config
from sandbox.app_environment import without_foreign_settings
from sandbox.slack.server import check_commands
from tests.stories.conftest import CONFIG
from tests.stories.town import ALICE, BOB, CAROL, DAVE, EVE, GUS, Town, labels, words

pytestmark = pytest.mark.story

OPS, BI, GENERAL = "#ops", "#bi-platform", "#general"


def test_services_shows_a_whole_system_in_one_message(town: Town) -> None:
    said = town.ask(DAVE, BI, "/services bi")
    assert "*BI platform* · staging" in said
    assert "*BI platform* · production" in said
    assert said.count("*api*") == said.count("*executor*") == said.count("*frontend*") == 2
    assert re.search(r"\*api\* · 3/3 running · `f4416c9` bi-production-api:\d+ · deployed .* ago by ", said)
    assert "static site" in said


def test_services_shows_everything_one_service_or_one_environment(town: Town) -> None:
    everything = town.ask(BOB, "#alerts", "/services")
    for title in ("BI platform", "Usage Metrics API", "Image Caption Generator", "RapidPhotoUpload", "Arbor"):
        assert title in everything
    assert "Lambda function" in everything
    one = town.ask(BOB, OPS, "/services api staging")
    assert len(re.findall(r"\d/\d running", one)) == 1
    assert "executor" not in one
    assert "BI platform" in town.ask(BOB, OPS, "/services staging")


def test_help_hides_what_the_asker_may_not_run(town: Town) -> None:
    alices = town.ask(ALICE, OPS, "/ops help")
    assert "/deploy <service> <environment> <version>" in _read(alices)
    assert "/services [service] [environment]" in _read(alices)
    daves = town.ask(DAVE, OPS, "/ops help")
    assert "/services" in daves
    assert "deploy" not in daves


def test_help_explains_one_command(town: Town) -> None:
    said = _read(town.ask(ALICE, OPS, "/ops help deploy"))
    for part in (
        "*Usage*",
        "/deploy <service> <environment> <version>",
        "The image tag, or the name of the artifact",
        "*Examples*",
    ):
        assert part in said
    assert "There is no command “deploy” that you may run" in town.ask(DAVE, OPS, "/ops help deploy")


def test_every_command_also_works_behind_ops(town: Town) -> None:
    assert "*BI platform* · staging" in town.ask(ALICE, OPS, "/ops services bi staging")
    card = town.plan(ALICE, BI, "/ops deploy bi/executor staging v1.5.0")
    assert "Deploy bi/executor staging → v1.5.0" in words(card)
    _cancel(town, card["ts"])


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/deploy frobnicator production v1", "There is no service 'frobnicator'"),
        ("/deploy exekutor production v1", "Did you mean executor"),
        ("/deploy backend production v1", "'backend' could be arbor/backend or photo/backend"),
        ("/deploy bi/api moon v1", "Known here: staging and production"),
        ("/deploy bi/api prodution v1", "Did you mean production?"),
        ("/services exekutor", "Did you mean executor"),
        ("/ops dploy bi/api staging v1", "Did you mean deploy"),
        ("/deploy image-processor production v9.9.9", "The newest are v1."),
        ("/deploy bi/frontend staging v9.9.9", "The newest are v1."),
        ("/scale image-processor production 3", "is a Lambda function: AWS runs as many as are called"),
        ("/restart bi/frontend staging", "is a static site: nothing runs that could be restarted"),
    ],
)
def test_what_does_not_exist_gets_the_candidates_in_a_sentence(town: Town, typed: str, answer: str) -> None:
    assert answer in town.ask(ALICE, OPS, typed)


def test_a_wrong_argument_gets_the_usage_and_an_example_that_only_the_asker_sees(town: Town) -> None:
    before = town.newest(BI)
    for typed in ("/deploy bi/api", "/deploy bi/api staging v1 now please", "/deploy bi/api staging v1;rm"):
        said = _read(town.ask(ALICE, BI, typed))
        assert "Usage: /deploy <service> <environment> <version>" in said
        assert "Example: /deploy bi/" in said
    assert [one for one in town.messages(BI, BOB) if float(one["ts"]) > float(before)] == []


def test_asked_from_elsewhere_the_plan_is_in_the_systems_channel_and_the_asker_gets_a_link(town: Town) -> None:
    before = town.newest(GENERAL)
    card = town.plan(ALICE, GENERAL, "/deploy bi/api staging v1.5.0", home=BI)
    said = town.whisper(ALICE, GENERAL, before)
    assert f"The plan is in {BI}" in said
    assert card["ts"].replace(".", "") in said
    assert town.shown(GENERAL, "Deploy", before) == []
    _cancel(town, card["ts"])


@pytest.mark.parametrize(
    "typed",
    [
        "/deploy “bi/executor” staging ‘v1.5.7’",
        "/deploy bi/executor staging <http://v1.5.7|v1.5.7>",
        "/deploy bi/executor\u00a0staging v1.5.7\u200b",
    ],
)
def test_what_phones_make_of_it_is_read_as_it_was_meant(town: Town, typed: str) -> None:
    card = town.plan(ALICE, BI, typed)
    assert "Deploy bi/executor staging → v1.5.7" in words(card)
    _cancel(town, card["ts"])


@pytest.mark.parametrize(
    ("user", "reason"), [(EVE, "from another company"), (GUS, "a guest"), (DAVE, "Who may: on-call, admins")]
)
def test_who_may_not_deploy_is_told_so_in_a_sentence(town: Town, user: str, reason: str) -> None:
    before, mark = town.newest(BI), town.mark()
    said = town.ask(user, BI, "/deploy bi/api staging v1.5.0")
    assert "You may not deploy" in said
    assert reason in said
    assert town.shown(BI, "Deploy", before) == []
    assert town.calls("ecs:DescribeServices", mark) == []


def test_who_may_deploy_by_another_role_gets_a_plan(town: Town) -> None:
    card = town.plan(CAROL, BI, "/deploy bi/api staging v1.5.0")
    assert f"asked by <@{CAROL}>" in words(card)
    town.press(CAROL, BI, card["ts"], "Cancel")


def test_a_deployment_of_what_runs_already_is_answered_and_nothing_is_done(town: Town) -> None:
    before, mark = town.newest(BI), town.mark()
    assert "bi/executor staging already runs f4416c9" in town.ask(ALICE, BI, "/deploy bi/executor staging f4416c9")
    assert town.shown(BI, "Deploy", before) == []
    assert town.calls("ecs:RegisterTaskDefinition", mark) == []


def test_a_missing_image_is_told_the_asker_alone_with_the_newest_tags(town: Town) -> None:
    before = town.newest(BI)
    said = town.ask(ALICE, BI, "/deploy bi/executor staging v9.9.9")
    assert "ECR has no tag v9.9.9" in said
    assert "The newest are v1." in said
    assert town.shown(BI, "Deploy", before) == []


def test_cancelled_is_cancelled(town: Town) -> None:
    mark = town.mark()
    card = town.plan(ALICE, BI, "/deploy bi/executor staging v1.6.0")
    _cancel(town, card["ts"])
    assert town.ended(BI, card["ts"]) == "cancelled, nothing was changed"
    assert labels(town.message(BI, card["ts"])) == []
    assert town.calls("ecs:UpdateService", mark) == town.calls("ecs:RegisterTaskDefinition", mark) == []


def test_names_that_slack_reserves_are_refused_by_check_manifest_and_sandbox(tmp_path: Path) -> None:
    above = tmp_path / "above"
    above.mkdir()
    (above / "bot.yaml").write_text(yaml.safe_dump({"commands": {"services": "status"}}))
    config = copy_config(CONFIG, tmp_path / "config", above)
    environment = without_foreign_settings(os.environ) | {"BOT_CONFIG_DIR": str(config)}
    for asked in ("check", "manifest"):
        ran = subprocess.run(
            [sys.executable, "-m", "bot", asked],
            env=environment,
            cwd=CONFIG.parent,
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 1, asked
        assert re.search(
            r"bot\.yaml:\d+: commands\.services: /status is one of Slack's own", ran.stdout + ran.stderr
        ), asked
    with pytest.raises(ValueError, match="/status is reserved"):
        check_commands([{"command": "/status"}])


def _cancel(town: Town, ts: str) -> None:
    town.press(ALICE, BI, ts, "Cancel")


def _read(said: str) -> str:
    """Escaped text as Slack shows it."""
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
