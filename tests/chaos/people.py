"""The people of a drill: Alice asks, ticks and confirms, Bob approves; both press again what the app did not answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.scenarios.stage import ALICE, StoryError
from sandbox.seed.account import ACCOUNT, TOPIC
from sandbox.seed.alarms import ecs_dimensions
from sandbox.seed.catalogue import EcsService, service_of
from tests.chaos.drill import Drill, Message, key_of

BOB = "U0BOB"

USAGE = service_of("usage", "delivery-standard")
ARBOR = service_of("arbor", "backend")
CAPTION = service_of("caption", "app")
PHOTO = service_of("photo", "backend")
CHANNELS = {USAGE: "#usage-metrics", ARBOR: "#arbor-energy", CAPTION: "#image-caption", PHOTO: "#rapid-photo"}


@dataclass
class Asked:
    """One operation that somebody asked for. ``since`` is the sandbox's newest call before that.

    ``pressed`` are buttons and boxes whose press the app acknowledged: it has stored them, so nobody presses again.
    """

    drill: Drill
    channel: str
    id: str
    since: int
    pressed: set[str] = field(default_factory=set)

    @property
    def card(self) -> Message | None:
        """Its one message."""
        return self.drill.message(self.channel, f"op:{self.id}:card")

    def press_on(self) -> bool:
        """One look: tick, confirm, approve, go on, whatever the card asks for. True when nothing is asked."""
        card = self.card
        if card is None:
            return False
        elements = [element for block in card["blocks"] for element in block.get("elements") or []]
        boxes = next((each for each in elements if each["type"] == "checkboxes"), None)
        if boxes is not None and not boxes.get("initial_options"):
            self._act(ALICE, card, boxes, [option["value"] for option in boxes["options"]])
            return False
        for label, who in (("Confirm", ALICE), ("Approve", BOB), ("Continue", ALICE)):
            found = next((each for each in elements if each["type"] == "button" and said(each) == label), None)
            if found is not None:
                self._act(who, card, found, None)
                return False
        return True

    def _act(self, who: str, card: Message, element: dict[str, Any], value: Any) -> None:
        mark = f"{element['action_id']} {element.get('value', value)}"
        if mark in self.pressed:
            return
        asked = {"user": who, "channel": self.channel, "ts": card["ts"], "action_id": element["action_id"]}
        answer = self.drill.stage._post("/client/action", {**asked, "value": value})
        if answer["ok"]:
            self.pressed.add(mark)

    def agree(self) -> None:
        """Tick, confirm and approve until it is under way."""
        self.drill.until(self.press_on, "it could not be confirmed")

    def state(self) -> str:
        """How its card says it stands: "settling", "settled", "failed", "taken over"; "done" counts as settled."""
        card = self.card
        state = str(card["text"]).rsplit(": ", 1)[-1] if card else ""
        return "settled" if state == "done" else state

    def parts(self) -> dict[str, int]:
        """How often each of its messages was posted; the call for approval without the number in its name."""
        posted = self.drill.all_keys(self.channel)
        mine = {key.split(":")[2]: times for key, times in posted.items() if key.startswith(f"op:{self.id}:")}
        return {part: times for part, times in mine.items() if part != "whisper"}

    def ended(self, *replies: str) -> str:
        """How its card says it ended, once its last word and these other replies are in the thread; else nothing."""
        state = self.state()
        if state not in ("settled", "failed", "taken over"):
            return ""
        expected = {f"op:{self.id}:{reply}" for reply in ("outcome", *(replies if state == "settled" else ()))}
        there = set(self.drill.keys(self.channel, thread_of=f"op:{self.id}:card"))
        return state if expected <= there else ""


def settled(asked: Asked, *replies: str) -> None:
    """It comes to its good end, with these replies, and every order to die was carried out."""
    end = asked.drill.until(lambda: asked.press_on() and asked.ended(*replies), "it did not end")
    assert end == "settled", asked.card
    asked.drill.until(lambda: not asked.drill.left(), "not every order was carried out")


def said(element: dict[str, Any]) -> str:
    """What a button says."""
    return str(element["text"]["text"])


def ask(drill: Drill, channel: str, text: str) -> Asked:
    """Alice types a command; returns the operation once its card is there."""
    since, known = drill.seen(), set(drill.keys(channel))
    drill.until_connected()
    try:
        drill.stage.command(ALICE, channel, text)
    except StoryError:
        # The bot died between storing and acknowledging: Slack says "failed", and the card comes all the same.
        drill.until(lambda: new_card(drill, channel, known), "a command that was stored led to nothing")
    key = drill.until(lambda: new_card(drill, channel, known), f"no card appeared for {text}")
    return Asked(drill, channel, key.split(":")[1], since)


def new_card(drill: Drill, channel: str, known: set[str], title: str = "") -> str:
    """The key of an operation's card that was not there before, with this title; nothing until it is there."""
    for message in drill.messages(channel):
        key = key_of(message)
        if key.endswith(":card") and key not in known and str(message["text"]).startswith(title):
            return key
    return ""


def begun_by_the_bot(drill: Drill, channel: str, known: set[str], title: str, since: int) -> Asked:
    """An operation that the bot begins by itself, once its card is there."""
    key = drill.until(lambda: new_card(drill, channel, known, title), f"“{title}” did not begin")
    return Asked(drill, channel, key.split(":")[1], since)


def place(service: EcsService) -> str:
    """What a command calls it."""
    return f"{service.system}/{service.name} {service.environment}"


# alarms, all of the same service


def alarm_name(number: int, severity: str = "critical") -> str:
    """An alarm of the drill's own, so that each opens an incident of its own."""
    return f"drill-{severity}-{PHOTO.family}-{number}"


def fire(drill: Drill, number: int, severity: str = "critical") -> str:
    """An alarm nobody saw before goes off; returns its name."""
    name = alarm_name(number, severity)
    topic = f"arn:aws:sns:{PHOTO.region}:{ACCOUNT}:{TOPIC}"
    drill.stage.aws("cloudwatch", PHOTO.region).put_metric_alarm(
        AlarmName=name,
        Namespace="Chaos",
        MetricName="Trouble",
        Dimensions=ecs_dimensions(PHOTO),
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    set_alarm(drill, name, "ALARM")
    return name


def set_alarm(drill: Drill, name: str, state: str) -> None:
    """Turn the alarm red (ALARM) or green (OK)."""
    cloudwatch = drill.stage.aws("cloudwatch", PHOTO.region)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=f"a drill: {state}")


def incident(drill: Drill, alarm: str) -> str:
    """The id of the incident that an alarm opened, or nothing."""
    for message in drill.messages(CHANNELS[PHOTO]):
        key = key_of(message)
        if key.endswith(":headline") and alarm in str(message["text"]).split():
            return key.split(":")[1]
    return ""
