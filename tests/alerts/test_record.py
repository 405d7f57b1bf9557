"""Everything that happened in an incident, once, in order, with its own time; and the files and whispers made of it."""

from __future__ import annotations

import pytest

from alerts.record import Record, lines, read
from alerts.timeline import Moment
from bot.chat_ports import Said
from bot.domain import Actor
from bot.errors import UpstreamError
from bot.incident import Phase
from bot.ports import Message
from bot.posts import post
from bot.record import Line
from bot.rows import Signal, Step
from tests.fakes import NOON, Uploaded, texts
from tests.scene import ALICE, BOB, CARA, DAVE, EVE, Scene

AWAY = UpstreamError("Slack cannot be reached.", retryable=True)
REASON = "Threshold Crossed: 1 datapoint was less than the threshold"


class Killed(BaseException):
    """The process ends here."""


def open_incident(scene: Scene, name: str = "api-errors") -> str:
    scene.alarm("ALARM", f"first-{name}", name=name)
    scene.run(3)
    return next(row.id for row in scene.incidents() if row.body["alarm"]["name"] == name)


def record(scene: Scene, incident: str = "") -> Record:
    found = read(scene.store, scene.world.recent, incident or scene.incidents()[-1].id, 600.0, scene.clock.now())
    assert found is not None
    return found


def told(scene: Scene, *kinds: str) -> list[tuple[float, str, str]]:
    """Seconds since noon, texts and people of the lines of some kinds."""
    return [(line.at - NOON, line.text, line.by) for line in record(scene).lines if not kinds or line.kind in kinds]


def reports(scene: Scene) -> list[Uploaded]:
    return [file for file in scene.chat.files if file.name.startswith("incident-")]


def text(scene: Scene) -> str:
    """The newest report."""
    return reports(scene)[-1].content.decode()


# what is kept


def test_what_people_did_is_there_once_with_who_and_when(scene: Scene) -> None:
    open_incident(scene)
    for said, user in (("ack", BOB), ("take over", ALICE), ("hand over <@U0CARA>", ALICE), ("snooze 30m", CARA)):
        scene.clock.advance(57)
        scene.say(said, user)
    scene.clock.advance(57)
    scene.say("note <@U0BOB> saw 5 &lt; 7", CARA)
    scene.clock.advance(57)
    scene.press_incident("resolve", CARA)
    scene.run(1)
    assert told(scene, "person") == [
        (60, "acknowledged it", BOB),
        (120, "took it over from bob", ALICE),
        (180, "handed it over to cara", ALICE),
        (240, "snoozed it for 30 min", CARA),
        (300, "noted: bob saw 5 < 7", CARA),
        (360, "resolved it", CARA),
    ]


def test_what_slack_told_late_stands_at_the_time_at_which_it_was_written(scene: Scene) -> None:
    open_incident(scene)
    headline = scene.headline()
    scene.clock.advance(597)
    for number, (words, at) in enumerate((("note b", NOON + 20), ("note a", NOON + 10), ("note c", NOON + 9000))):
        actor = Actor(user=BOB, channel=headline.channel)
        scene.front.mentioned(words, actor, thread_ts=headline.ts, key=f"late:{number}", at=at)
        scene.run(3)
    assert told(scene, "person") == [(10, "noted: a", BOB), (20, "noted: b", BOB), (606, "noted: c", BOB)]


def test_what_people_did_in_pagerduty_is_there_once_with_their_names(scene: Scene) -> None:
    incident = open_incident(scene, "api-down")
    for number, (event, more) in enumerate((("acknowledged", {}), ("annotated", {"note": "on it"}), ("resolved", {}))):
        payload = {"event": event, "who": "Ann Lee", "by": "user", "at": NOON + 10 * number + 2, "level": 1, **more}
        scene.engine.signal(incident, Signal("pagerduty", payload, key=f"w{number}"))
        scene.run(10)
    assert told(scene, "person") == [
        (2, "acknowledged it in PagerDuty", "Ann Lee"),
        (12, "annotated it in PagerDuty: on it", "Ann Lee"),
        (22, "resolved it", "Ann Lee (PagerDuty)"),
    ]


def test_alarms_and_calls_are_there_with_their_own_times(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors", at=NOON - 40)
    scene.run(3)
    scene.alarm("ALARM", "m2", name="api-down")
    scene.run(60)
    scene.alarm("OK", "m3", name="api-errors", at=NOON + 20)
    scene.alarm("OK", "m4", name="api-down", at=NOON + 50)
    scene.run(3)
    assert told(scene, "alarm", "incident") == [
        (-40, f"api-errors: {REASON}", ""),
        (3, f"api-down joined: same service (bi/api production), 43 s apart. {REASON}", ""),
        (20, f"api-errors is OK. {REASON}", ""),
        (50, f"api-down is OK. {REASON}", ""),
        (50, "all alarms are OK", ""),
    ]
    assert [(text, by) for _, text, by in told(scene, "page")] == [
        ("on call was called", ""),
        ("PagerDuty took the call", ""),
    ]


def test_how_long_each_alarm_was_red_is_known(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(60)
    scene.alarm("INSUFFICIENT_DATA", "m2", name="api-errors")
    scene.run(60)
    scene.alarm("ALARM", "m3", name="api-errors")
    scene.run(30)
    scene.alarm("OK", "m4", name="api-errors")
    scene.run(300)
    assert record(scene).red == {"arn:aws:cloudwatch:eu-west-1:1:alarm:api-errors#": 90.0}


def test_a_call_that_pagerduty_did_not_take_is_there(scene: Scene) -> None:
    scene.pager.failures.add("trigger", UpstreamError("PagerDuty refused the call: status 400."))
    open_incident(scene, "api-down")
    scene.run(5)
    said = [line for _, line, _ in told(scene, "page")]
    assert said == [
        "on call was called",
        "PagerDuty could not be told to trigger: PagerDuty refused the call: status 400.",
    ]


def test_a_remedy_that_was_pressed_is_there_with_who_wanted_it(scene: Scene) -> None:
    open_incident(scene)
    headline = scene.headline()
    actor = Actor(user=BOB, channel=headline.channel)
    scene.front.remedied("rollback bi/api production", actor, thread_ts=headline.ts, key="U0BOB:1")
    scene.front.remedied("rollback bi/api production", actor, thread_ts=headline.ts, key="U0BOB:1")
    scene.front.remedied("rollback bi/api production", actor, thread_ts="7.000100", key="U0BOB:2")
    assert [line[1:] for line in told(scene, "person")] == [("pressed the remedy rollback bi/api production", BOB)]


def test_operations_are_there_with_who_asked_and_how_they_ended(scene: Scene) -> None:
    open_incident(scene)
    scene.clock.advance(57)
    scene.deploy()
    began = scene.operation()[1].started_at
    scene.ecs.settle(scene.api)
    scene.run(60)
    ended = scene.operation()[1].ended_at
    assert told(scene, "operation") == [
        (began - NOON, "Deploy bi/api production → v2: began", ALICE),
        (ended - NOON, "Deploy bi/api production → v2: succeeded", ALICE),
    ]


def test_an_operation_that_was_not_confirmed_is_there_as_asked_for(scene: Scene) -> None:
    open_incident(scene)
    scene.propose()
    scene.press("cancel")
    scene.run(2)
    (line,) = told(scene, "operation")
    assert line[1:] == ("Deploy bi/api production → v2: was asked for, and was cancelled", ALICE)


def test_operations_before_it_are_known_and_are_no_part_of_its_timeline(scene: Scene) -> None:
    scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(700)
    open_incident(scene)
    assert [past.title for past in record(scene).past] == ["Deploy bi/api production → v2"]
    assert told(scene, "operation") == []


def test_a_pinned_message_stands_at_the_time_at_which_it_was_written(scene: Scene) -> None:
    open_incident(scene)
    pin(scene, NOON + 2, "it was the cache")
    scene.clock.advance(57)
    scene.say("ack", BOB)
    assert told(scene, "pin", "person") == [(2.0, "it was the cache", CARA), (62, "acknowledged it", BOB)]


def pin(scene: Scene, at: float, said: str) -> None:
    ts = f"{at:.6f}"
    thread = scene.headline().ts
    scene.chat.said["C0BI", ts] = Said(ts, thread, CARA, said, reactions={"pushpin": (ALICE,)})
    scene.front.marked("C0BI", ts, key=f"Ev{ts}")
    scene.run(2)


def test_what_was_merged_into_it_is_in_its_record_once(scene: Scene) -> None:
    first = open_incident(scene)
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    assert len(scene.incidents()) == 1, "they are one system"
    scene.say("split jobs-errors")
    second = next(row.id for row in scene.incidents() if row.id != first)
    scene.engine.signal(second, Signal("merge", {"user": BOB, "into": first}))
    scene.run(3)
    said = [line.text for line in record(scene, first).lines if line.kind in ("alarm", "person")]
    assert sorted(said) == sorted(
        [
            f"api-errors: {REASON}",
            f"jobs-errors joined: same system (bi production), 3 s apart. {REASON}",
            "split jobs-errors off",
            f"jobs-errors: {REASON}",
            "merged it into the incident of api-errors",
            "merged the incident of jobs-errors into this one",
        ]
    )


# the timeline for whoever asks


def test_whoever_asks_for_the_timeline_is_shown_it_alone(scene: Scene) -> None:
    open_incident(scene)
    pin(scene, NOON + 2, "it was the *cache*")
    before = len(scene.chat.posts)
    scene.say("timeline", DAVE)
    (message,) = scene.said_to(DAVE)
    said = texts(message)
    assert len(scene.chat.posts) == before
    assert "*Timeline*" in said
    assert said.index("api-errors: Threshold") < said.index(":pushpin:")
    assert "*\u200bcache*" in said


def test_whoever_may_not_look_is_told_so(scene: Scene) -> None:
    open_incident(scene)
    for words in ("timeline", "report"):
        scene.say(words, EVE)
    scene.run(20)
    assert all("You may not look at anything" in message.text for message in scene.said_to(EVE))
    assert (len(scene.said_to(EVE)), reports(scene)) == (2, [])


def test_the_timeline_of_an_incident_that_is_over_can_be_seen(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve")
    scene.run(3)
    scene.say("timeline", DAVE)
    assert "resolved it" in texts(scene.said_to(DAVE)[0])


# the report


def test_a_resolved_incident_gets_its_report_in_the_thread_once(scene: Scene) -> None:
    incident = open_incident(scene)
    scene.press_incident("resolve", BOB)
    scene.run(20)
    (file,) = reports(scene)
    assert file.name.startswith("incident-2025-06-15-api-errors-")
    assert (file.name[-3:], file.snippet_type) == (".md", "markdown")
    assert (file.channel, file.thread_ts) == ("C0BI", scene.headline().ts)
    assert file.title == "Post-incident report (draft): api-errors, 2025-06-15"
    assert "bob resolved it after 3 s, while not every alarm was known to be OK." in text(scene)
    assert incident in text(scene)
    scene.run(120)
    assert len(reports(scene)) == 1


def test_an_incident_that_closes_by_itself_gets_its_report_too(scene: Scene) -> None:
    open_incident(scene)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)
    assert reports(scene) == []
    scene.clock.advance(1800)
    scene.run(20)
    assert "Every alarm went back to OK after 3 s, and it stayed calm." in text(scene)
    assert "it stayed calm and was closed" in text(scene)
    assert len(reports(scene)) == 1


def test_an_incident_that_came_back_before_it_closed_has_one_report_of_both(scene: Scene) -> None:
    open_incident(scene)
    for number, word in enumerate(("OK", "ALARM", "OK")):
        scene.clock.advance(600)
        scene.alarm(word, f"again-{number}", name="api-errors")
        scene.run(3)
    scene.clock.advance(1800)
    scene.run(20)
    assert len(reports(scene)) == 1
    assert "Its alarms went to ALARM 2 times in all." in text(scene)


def test_an_incident_that_ends_once_more_gets_another_version(scene: Scene) -> None:
    incident = open_incident(scene)
    scene.press_incident("resolve")
    scene.run(20)
    row = scene.store.get(incident)
    assert row is not None
    reopen(scene, incident)
    scene.clock.advance(60)
    scene.press_incident("resolve", BOB)
    scene.run(20)
    first, second = reports(scene)
    assert first.name != second.name
    assert "bob resolved it" in second.content.decode()


def reopen(scene: Scene, incident: str) -> None:
    """As if it had been opened anew in its old thread."""
    scene.store.signal(incident, Signal("nothing"), scene.clock.now())
    (row,) = scene.store.claim(["incident"], owner="test", lease=60, limit=1, now=scene.clock.now())
    consumed = tuple(signal.number for signal in scene.store.pending(incident))
    later = scene.clock.now() + 3600
    body = {**row.body, "ended_at": 0.0, "resolved_by": "", "next_at": later}
    scene.store.save(row, Step(Phase.OPEN, later, body, consumed=consumed), scene.clock.now())


def test_a_report_is_had_at_any_time_by_asking_for_it(scene: Scene) -> None:
    open_incident(scene)
    scene.say("report", DAVE)
    assert "It is not over: it has been open for" in text(scene)
    scene.press_incident("resolve")
    scene.run(20)
    pin(scene, NOON + 2, "what we learnt")
    assert "what we learnt" not in text(scene)
    scene.say("postmortem", DAVE)
    assert "what we learnt" in text(scene)
    assert len(reports(scene)) == 3


def test_a_merged_incident_has_no_report_of_its_own(scene: Scene) -> None:
    first = open_incident(scene)
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(3)
    scene.say("split jobs-errors")
    second = next(row.id for row in scene.incidents() if row.id != first)
    scene.engine.signal(second, Signal("merge", {"user": BOB, "into": first}))
    scene.run(20)
    assert reports(scene) == []


def test_whenever_the_bot_dies_the_report_is_there_once(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve")
    scene.chat.lost_answers.add("upload", Killed())
    with pytest.raises(Killed):
        scene.run(20)
    scene.store.release()
    scene.run(20)
    assert len(reports(scene)) == 1


def test_people_are_called_by_their_ids_while_slack_does_not_tell(scene: Scene) -> None:
    open_incident(scene)
    scene.press_incident("resolve", BOB)
    scene.run(1)
    scene.chat.failures.add("person", *[AWAY] * 5)
    scene.run(20)
    assert "U0BOB resolved it" in text(scene)


def test_a_pinned_message_with_markdown_and_secrets_is_text_in_the_report(scene: Scene) -> None:
    open_incident(scene)
    pin(scene, NOON + 2, "# no *heading*\n<!channel> [x](https://evil.example) password=" + "hunter2" * 2)
    scene.press_incident("resolve")
    scene.run(20)
    assert r"no \*heading\* channel \[x\](https://evil.example) password=\[redacted\]" in text(scene)


def test_the_lines_of_one_moment_keep_the_order_in_which_they_came() -> None:
    kept = [Moment(at=5.0, kind="person", text=text) for text in ("first", "second")]
    assert lines(kept, (), (), 0.0, 9.0) == (Line(5.0, "person", "first"), Line(5.0, "person", "second"))


def test_a_row_that_is_no_incident_has_no_record(scene: Scene) -> None:
    row, _ = scene.engine.add(post("k", "#bi", Message(text="x")))
    assert read(scene.store, scene.world.recent, row.id, 600.0, 0.0) is None
    assert read(scene.store, scene.world.recent, "nobody", 600.0, 0.0) is None
