"""``/logs`` over fakes: the engine that looks, what is shown, masked, followed, stopped, and who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.cloud import LogLine
from bot.domain import Actor, System
from bot.errors import NotFoundError, UpstreamError
from bot.log_settings import LogSettings, NamedQuery
from bot.ports import Message
from bot.search.file import make_logs
from bot.search.shown import MAKER
from bot.settings.models import AccessConfig, Rule
from bot.telemetry import QueryAnswer
from tests.fakes import button_labels
from tests.scene import ACCESS, ALICE, CARA, DAVE, EVE, Scene, the_systems

GROUP = "/ecs/bi-api"
KEY = "A" + "KIA" + "ABCDEFGHIJKLMNOP"
RULES = (
    Rule(action="logs", roles=("on-call",)),
    Rule(action="insights", roles=("chiefs",)),
    Rule(action="logs", roles=("chiefs",)),
    Rule(action="unmask", roles=("chiefs",)),
)
SETTINGS = LogSettings(
    masked=("customer_id",), queries={"slow": NamedQuery(query="filter duration > 1000")}, most_gigabytes=1.0
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = made_scene(tmp_path, *RULES)
    yield made
    made.close()


def made_scene(folder: Path, *rules: Rule) -> Scene:
    (system,) = the_systems()
    searched = System.model_validate({**system.model_dump(), "logs": SETTINGS.model_dump(), "zone": "Europe/Prague"})
    access = AccessConfig(roles=ACCESS.roles, allow=(*ACCESS.allow, *rules))
    made = Scene(folder, access=access, catalog=Catalog((searched,)), more_makers={MAKER: make_logs})
    group = made.world.ecs.task_definition(made.api.account, made.world.ecs.service(made.api).task_definition)
    made.logs.lines = {each.log_group: [] for each in group.containers}
    return made


def write(scene: Scene, *messages: str, every: float = 1.0, stream: str = "api/api/0f3a91c2") -> None:
    """Lines that end now."""
    now, (name,) = scene.clock.now(), scene.logs.lines
    start = now - every * len(messages)
    scene.logs.lines[name] += [
        LogLine(start + every * number, message, stream, f"e{start}{number}") for number, message in enumerate(messages)
    ]


def ask(scene: Scene, words: str, user: str = ALICE) -> Message:
    scene.type("ops", f"logs bi/api production {words}".strip(), user=user)
    return scene.said_to(user)[-1]


def told(message: Message) -> str:
    """All that people read of it."""
    return str([block for block in message.blocks if block["type"] != "actions"]) + message.text


def test_few_lines_are_shown_as_they_are_with_range_zone_and_count(scene: Scene) -> None:
    write(scene, "INFO served", "ERROR timeout of order 7", '{"level":"error","msg":"timeout","order":8}')
    said = told(ask(scene, "timeout"))
    assert "*2* lines match" in said
    assert "Europe/Prague (15 min)" in said
    assert "ERROR timeout of order 7" in said and "ERROR timeout  order=8" in said
    assert "served" not in said
    assert "all of the range was read" in said and "console.aws.amazon.com" in said
    assert scene.logs.patterns[0] == '"timeout"'
    assert scene.insights.asked == []


def test_many_lines_are_grouped_with_counts_and_the_newest(scene: Scene) -> None:
    write(scene, *[f"INFO served {number} in {number} ms" for number in range(40)], "ERROR no tariff")
    said = told(ask(scene, ""))
    assert "*41* lines match, of 2 kinds" in said
    assert "*40×* `INFO served &lt;n&gt; in &lt;n&gt; ms`" in said
    assert "*The newest*" in said and "ERROR no tariff" in said


def test_nothing_found_says_so(scene: Scene) -> None:
    write(scene, "INFO served")
    message = ask(scene, "timeout")
    assert "*No line matches*" in told(message)
    assert "Whole as a file" not in button_labels(message)


def test_what_is_new_since_the_deployment_is_marked(scene: Scene) -> None:
    scene.deploy()
    scene.run(30)
    (name,) = scene.logs.lines
    now = scene.clock.now()
    old = [LogLine(now - 2000 - number, "ERROR disk full", "s", f"o{number}") for number in range(5)]
    new = [LogLine(now - 1 - number / 10, "ERROR no tariff", "s", f"n{number}") for number in range(20)]
    again = [LogLine(now - 1 - number / 10, "ERROR disk full", "s", f"a{number}") for number in range(5)]
    scene.logs.lines[name] = sorted([*old, *new, *again], key=lambda line: line.at)
    said = told(ask(scene, "level error last 2m"))
    assert ":red_circle: :new: *20×* `ERROR no tariff`" in said
    assert ":new: *5×*" not in said
    assert re.search(
        r":new: no line like it matched in the hour before the deployment at 06-15 \d\d:\d\d:\d\d Europe/Prague", said
    )


def test_where_a_level_is_looked_for_as_a_word_the_foot_says_how_to_find_all_of_it(scene: Scene) -> None:
    write(scene, "ERROR disk full", "INFO no errors")
    said = told(ask(scene, "errors"))
    assert "INFO no errors" in said and "ERROR disk full" not in said
    assert "only lines with the word “errors”; `level error` finds all of that level" in said
    assert "only lines with the word" not in told(ask(scene, "disk"))


def test_a_phrase_as_json_is_shown_is_told_how_to_be_found(scene: Scene) -> None:
    write(scene, '{"level":"error","message":"Connection pool exhausted","order_ref":"abc123","status":500}')
    assert "ERROR Connection pool exhausted  order_ref=abc123" in told(ask(scene, "status=500"))
    said = told(ask(scene, '"ERROR Connection pool exhausted"'))
    assert "*No line matches*" in said and "look for the message alone, with `level error`" in said
    assert "ERROR Connection pool" in told(ask(scene, '"Connection pool exhausted" level error'))
    assert "a field is found as `status=…`" in told(ask(scene, '"status=500"'))
    assert "`/…/` finds the lines with a part of it" in told(ask(scene, "order_ref=abc1*"))
    assert "ERROR Connection pool" in told(ask(scene, "/abc1/"))


def test_what_is_new_is_marked_among_few_lines_too(scene: Scene) -> None:
    scene.deploy()
    scene.run(30)
    (name,) = scene.logs.lines
    now = scene.clock.now()
    texts = {now - 2000: "ERROR disk full", now - 2: "ERROR disk full", now - 1: "ERROR no tariff"}
    scene.logs.lines[name] = [LogLine(at, text, "s", f"{at}") for at, text in texts.items()]
    said = told(ask(scene, "level error last 2m"))
    assert "\N{SQUARED NEW} ERROR no tariff" in said and "\N{SQUARED NEW} ERROR disk" not in said
    assert "no line like it matched in the hour before the deployment at" in said


def test_a_stack_trace_stays_whole(scene: Scene) -> None:
    write(
        scene,
        "ERROR it failed",
        "Traceback (most recent call last):",
        '  File "a.py", line 1',
        "ValueError: x",
        every=0.01,
    )
    said = told(ask(scene, ""))
    assert "ERROR it failed\\nTraceback" in said.replace("\\\\n", "\\n") or "Traceback (most recent call last)" in said
    assert "ValueError: x" in said


def test_what_is_wide_is_asked_of_insights_with_its_cost_and_can_be_cancelled(scene: Scene) -> None:
    rows = ({"@timestamp": "2026-11-26 06:00:00.000", "@message": "timeout x", "@logStream": "s"},)
    running = QueryAnswer((), matched=3, scanned=100, scanned_bytes=2e8, is_whole=False)
    scene.insights.answers = [running] * 3
    scene.insights.answer = QueryAnswer(rows, 1, 5000, 4e8)
    scene.type("ops", "logs bi/api production timeout last 2d")
    scene.run(1)
    waiting = scene.said_to(ALICE)[-1]
    assert "0.20 GB scanned, less than a cent, 3 matched so far" in told(waiting)
    assert [*button_labels(waiting)] == ["Cancel"]
    scene.run(5)
    said = told(scene.said_to(ALICE)[-1])
    assert "*1* line matches" in said and "Logs Insights, 5,000 events and 0.40 GB scanned" in said
    (asked,) = scene.insights.asked
    assert '@message like "timeout"' in asked.query and asked.end - asked.start == pytest.approx(2 * 86400)


def test_cancelling_stops_the_query_in_aws(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer((), is_whole=False)
    scene.type("ops", "logs bi/api production timeout last 2d")
    scene.run(2)
    scene.desk.press(*button_labels(scene.said_to(ALICE)[-1])["Cancel"], Actor(user=ALICE, channel="C0BI"), key="c")
    scene.run(2)
    assert scene.insights.stopped == ["q1"]
    assert scene.state() == "cancelled"


def test_a_query_that_scans_too_much_is_stopped(scene: Scene) -> None:
    scene.insights.answers = [QueryAnswer((), scanned_bytes=1.2e9, is_whole=False)]
    said = told(ask(scene, "timeout last 2d"))
    assert "stopped at the limit of 1 GB" in said
    assert scene.insights.stopped == ["q1"]


@pytest.mark.parametrize(("words", "note"), [("timeout", "was stopped"), ("query slow", "was stopped")])
def test_the_file_of_a_query_that_was_stopped_has_the_rows_there_are(scene: Scene, words: str, note: str) -> None:
    row = {"@timestamp": "2026-11-26 06:00:00.000", "@message": "timeout of order 7", "@logStream": "s"}
    scene.insights.answer = QueryAnswer((row,), scanned_bytes=1.2e9, is_whole=False)
    message = ask(scene, f"{words} last 2d")
    assert scene.insights.stopped == ["q1"]
    scene.desk.press(*button_labels(message)["Whole as a file"], Actor(user=ALICE, channel="C0BI"), key="p1")
    scene.run(3)
    first, content = scene.chat.files[-1].content.decode().split("\n")
    assert note in first and "timeout of order 7" in content


def test_what_filter_log_events_cannot_read_in_time_goes_to_insights(scene: Scene) -> None:
    (name,) = scene.logs.lines
    scene.logs.endless = {name}
    write(scene, "ERROR one")
    said = told(ask(scene, ""))
    assert "Logs Insights" in said and "too much for FilterLogEvents" in said


def test_a_group_that_may_not_be_filtered_goes_to_insights(scene: Scene) -> None:
    (name,) = scene.logs.lines
    refusal = UpstreamError("This operation is only supported on the Standard log class.", code="ValidationException")
    scene.logs.failures.add(f"search {name}", refusal)
    ask(scene, "timeout")
    assert len(scene.insights.asked) == 1


def test_a_named_query_is_of_the_configuration_and_one_of_ones_own_a_right(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer(({"path": "/a", "count()": "7"},), 1, 9, 100)
    said = told(ask(scene, "query slow last 3h"))
    assert "path /a · count() 7" in said and scene.insights.asked[0].query == "filter duration > 1000"
    assert "no query “fast”" in told(ask(scene, "query fast")) and "slow" in told(scene.said_to(ALICE)[-1])
    assert "may not ask queries of your own" in told(ask(scene, 'insights "stats count(*)"'))
    ask(scene, 'insights "stats count(*)"', user=CARA)
    assert scene.insights.asked[-1].query == "stats count(*)"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("error", "`level error`"),
        ("Timeout status=x", "case counts"),
        ("customer_id:abc123", "`customer_id=…`"),
        ("12345", ""),
        ("10.0.0.1:80 14", ""),
    ],
)
def test_where_nothing_is_found_the_spelling_that_would_find_is_told(scene: Scene, words: str, hint: str) -> None:
    write(scene, "ERROR something else")
    said = told(ask(scene, words))
    assert "*No line matches*" in said and hint in said and "abc123" not in said
    assert bool(hint) == ("case counts" in said or "=…" in said)


def test_a_group_that_is_gone_is_named_and_the_others_are_searched(scene: Scene) -> None:
    scene.insights.failures.add("start", NotFoundError("CloudWatch has no log group /ecs/bi-api or /gone."))
    for name in scene.logs.lines:
        scene.log_exports.add_group(name)
    said = told(ask(scene, "timeout last 2d"))
    assert "Logs Insights" in said
    assert len(scene.insights.asked) == 1


def test_what_a_service_logs_itself_is_not_missed_in_silence(scene: Scene) -> None:
    (name,) = scene.logs.lines
    target = scene.api
    object.__setattr__(target.service, "log_groups", (name,))
    scene.ecs.failures.add("service", *[UpstreamError("AWS denied ecs:DescribeServices.")] * 2)
    said = told(ask(scene, "timeout"))
    assert "own log groups could not be found: AWS denied ecs:DescribeServices." in said
    assert "not all could be read" in said


def test_a_look_that_fails_ends_no_query(scene: Scene) -> None:
    scene.insights.answers = [QueryAnswer((), is_whole=False)]
    scene.insights.failures.add("results", *[UpstreamError("slow", retryable=True)] * 3)
    scene.type("ops", "logs bi/api production timeout last 2d")
    scene.run(10)
    assert "Logs Insights" in told(scene.said_to(ALICE)[-1])
    assert scene.insights.stopped == [] and scene.state() == "done"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("14:00-14:20 Mars/Base", "Mars"),
        ("2099-01-01 10:00-11:00", "future"),
        ("level loud", "“loud” is no level"),
        ("query slwo", "bi has no query “slwo”."),
        ("query slwo", "There are: slow. Did you mean slow?"),
        ("/(/", "no regular expression"),
        ("follow /(a|b)/", "cannot be followed"),
        ("follow 14:00-14:20", "“14:00-14:20” does not go with it"),
        ("follow group", "Follow or group"),
    ],
)
def test_what_cannot_be_looked_for_gets_a_sentence(scene: Scene, words: str, sentence: str) -> None:
    assert sentence in told(ask(scene, words))


def test_a_system_without_named_queries_says_so(tmp_path: Path) -> None:
    access = AccessConfig(roles=ACCESS.roles, allow=(*ACCESS.allow, *RULES))
    scene = Scene(tmp_path, access=access)
    assert "bi has no named queries." in told(ask(scene, "query slow"))
    scene.close()


def test_who_may_not_read_logs_is_told_who_may(scene: Scene) -> None:
    for user in (DAVE, EVE):
        assert "You may not read logs in production" in told(ask(scene, "", user=user))
    assert scene.logs.patterns == []


def test_no_log_group_and_a_missing_one_get_a_sentence(scene: Scene) -> None:
    scene.logs.lines = {}
    assert "There is no log group" in told(ask(scene, ""))


def test_in_an_incidents_thread_the_time_around_it_is_searched(scene: Scene) -> None:
    scene.metrics.states["api-down"] = "ALARM"
    scene.alarm("ALARM", "m1")
    scene.run(5)
    write(scene, "ERROR timeout", every=0.1)
    headline = scene.headline()
    actor = Actor(user=ALICE, channel=headline.channel)
    scene.desk.mentioned('<@UBOT> logs "timeout"', "UBOT", actor, thread_ts=headline.ts, key="e1")
    scene.run(2)
    said = scene.chat.whispers[-1]
    assert said.thread_ts == headline.ts
    assert "*bi/api production*" in told(said.message) and "ERROR timeout" in told(said.message)


def test_since_deploy_begins_with_the_last_deployment(scene: Scene) -> None:
    assert "(2 h)" in told(ask(scene, "since deploy"))
    scene.clock.advance(2 * 86_400.0)
    assert "(2 days 2 h)" in told(ask(scene, "since deploy"))
    scene.clock.advance(100 * 86_400.0)
    assert "Nobody knows when bi/api production was deployed" in told(ask(scene, "since deploy"))
