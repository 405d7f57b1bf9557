"""The sandbox as the people of a story see it: they type, press and read; AWS and PagerDuty can be looked at."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpx

from sandbox.app import Sandbox
from sandbox.scenarios.stage import Stage, button
from sandbox.seed.catalogue import EcsService
from tests import waiting
from tests.stories.townspeople import Townspeople

Found = TypeVar("Found")
Message = dict[str, Any]

ALICE, BOB, CAROL, DAVE, EVE, GUS = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0STRANGER", "U0GUEST"
_ENDS = ("settled", "done", "failed", "cancelled", "expired", "refused", "taken over")
PATIENCE = 40.0
"""Seconds that anything may take; generous, since other tests may share the machine's cores."""


class Town(Townspeople):
    """A running sandbox with the real bot. Times are the sandbox's, in seconds since the epoch."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.slack.url)
        self.sandbox = sandbox
        self.stage = Stage(sandbox._script_variables(), lambda sentence: None)
        self.bot = httpx.Client(base_url=sandbox.bot_url, timeout=10, trust_env=False)

    def close(self) -> None:
        """Give back every connection."""
        super().close()
        self.stage.close()
        self.bot.close()

    # people

    def type(self, user: str, channel: str, text: str) -> None:
        """Type a slash command, which must be acknowledged."""
        answer = self.post("command", user=user, channel=channel, text=text)
        assert answer["ok"], answer

    def ask(self, user: str, channel: str, text: str) -> str:
        """Type a slash command and read what only the asker is shown."""
        before = self.newest(channel)
        self.type(user, channel, text)
        return self.whisper(user, channel, before, f"an answer to {text}")

    def whisper(self, user: str, channel: str, after: str, what: str = "a whisper", thread: str = "") -> str:
        """The words of the first message that only this person sees and that is newer than ``after``.

        The picture of an earlier answer may come as late as that, and is none; nor is the word that it is looked for.
        """

        def look() -> str | None:
            shown = self.messages(channel, user, thread)
            told = [one for one in shown if one["ephemeral"] and _after(one, after) and not _is_beside(one)]
            return words(told[0]) if told else None

        return self.until(f"{what}, for {user} in {channel}", look)

    def press(self, user: str, channel: str, ts: str, label: str, *, thread: str = "") -> None:
        """Press the button with that label on a message, or on a reply in a thread; it must be there."""
        message = self.message(channel, ts, user, thread)
        action = button(message, label)
        assert action is not None, f"no button {label} on {words(message)}"
        answer = self.post("action", user=user, channel=channel, ts=ts, action_id=action)
        assert answer["ok"], answer

    def tick(self, user: str, channel: str, ts: str) -> None:
        """Tick every box of a card's checklist."""
        blocks = self.message(channel, ts, user)["blocks"]
        (boxes,) = [one for block in blocks for one in block.get("elements", []) if one["type"] == "checkboxes"]
        ticked = [option["value"] for option in boxes["options"]]
        answer = self.post("action", user=user, channel=channel, ts=ts, action_id=boxes["action_id"], value=ticked)
        assert answer["ok"], answer

    def modal(self, user: str) -> dict[str, Any]:
        """The modal that is in front of somebody."""
        views: list[dict[str, Any]] = self.until(f"a modal for {user}", lambda: self.get("views", user=user)["views"])
        return views[-1]

    def submit(self, user: str, **entered: str) -> dict[str, Any]:
        """Fill the fields of the modal in front of somebody by their names, and submit it; what Slack answers."""
        view = self.modal(user)
        values: dict[str, dict[str, str]] = {}
        for block in view["blocks"]:
            action = block["element"]["action_id"] if block["type"] == "input" else ""
            if action.removeprefix("field:") in entered:
                values[block["block_id"]] = {action: entered[action.removeprefix("field:")]}
        assert len(values) == len(entered), f"fields are missing in {view['blocks']}"
        return self.post("view", user=user, view_id=view["id"], action="submit", values=values)

    def messages(self, channel: str, user: str = ALICE, thread: str = "") -> list[Message]:
        """What a person sees in a channel, or in a thread with its parent; oldest first."""
        query = {"channel": channel, "user": user} | ({"thread_ts": thread} if thread else {})
        found: list[Message] = self.get("messages", **query)["messages"]
        return found

    def message(self, channel: str, ts: str, user: str = ALICE, thread: str = "") -> Message:
        """One message as it stands now."""
        return next(one for one in self.messages(channel, user, thread) if one["ts"] == ts)

    def replies(self, channel: str, ts: str) -> list[Message]:
        """The replies in a thread that everybody sees."""
        return [one for one in self.messages(channel, thread=ts) if one["ts"] != ts and not one["ephemeral"]]

    def newest(self, channel: str) -> str:
        """The ts of the newest message of a channel, whoever may see it."""
        people = (ALICE, BOB, CAROL, DAVE, EVE, GUS)
        return max((one["ts"] for user in people for one in self.messages(channel, user)), default="0", key=float)

    def shown(self, channel: str, text: str, after: str = "0") -> list[Message]:
        """The messages of a channel for everybody that say this and are newer than ``after``."""
        found = [one for one in self.messages(channel) if not one["ephemeral"] and _after(one, after)]
        return [one for one in found if text in words(one)]

    def plan(self, user: str, channel: str, text: str, *, home: str = "") -> Message:
        """Type a command and wait for its card, in the channel ``home`` of its system (default: where it was typed)."""
        where = home or channel
        before = self.newest(where)
        began = time.monotonic()
        self.type(user, channel, text)

        def look() -> Message | None:
            return next((one for one in self.shown(where, "asked by", before) if button(one, "Cancel")), None)

        found = self.until(f"a card for {text} in {where}", look)
        measured(f"plan of {text!r} after {time.monotonic() - began:.2f} s")
        return found

    def says(self, channel: str, ts: str, text: str, seconds: float = PATIENCE) -> str:
        """Wait until a message says this; all its words then."""

        def look() -> str:
            said = words(self.message(channel, ts))
            return said if text in said else ""

        try:
            return self.until(f"“{text}” on a message in {channel}", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\nThe message says\n{words(self.message(channel, ts))}") from error

    def told(self, channel: str, ts: str, text: str) -> Message:
        """Wait for a reply in a thread that says this."""
        what = f"a reply “{text}” to {ts} in {channel}"
        return self.until(what, lambda: next((one for one in self.replies(channel, ts) if text in words(one)), None))

    def confirmed(self, user: str, channel: str, text: str, *, home: str = "") -> Message:
        """Type a command and press Confirm on its card."""
        card = self.plan(user, channel, text, home=home)
        self.press(user, home or channel, card["ts"], "Confirm")
        return card

    def ended(self, channel: str, ts: str) -> str:
        """The words of a card's state once it is over: "settled", "failed", "cancelled, nothing was changed" ..."""

        def look() -> str | None:
            state = self.message(channel, ts)["text"].rsplit(": ", 1)[-1].split(":")[-1].strip()
            return state if state.split(",")[0] in _ENDS else None

        return self.until(f"the end of the operation {ts} in {channel}", look)

    # the world

    def aws(self, service: str, region: str) -> Any:
        """A boto3 client of the pretend account."""
        return self.stage.aws(service, region)

    def alarm(self, name: str, region: str, state: str) -> None:
        """Let an alarm go off ("ALARM"), or be over ("OK"), whatever its metric says."""
        reason = "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0)."
        self.aws("cloudwatch", region).set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def runs(self, service: EcsService) -> str:
        """The task definition a service runs or is moving to, as ``family:revision``."""
        ecs = self.aws("ecs", service.region)
        found = ecs.describe_services(cluster=service.cluster, services=[service.service])["services"][0]
        return str(found["taskDefinition"]).rsplit("/", 1)[-1]

    def mark(self) -> int:
        """A place in the list of calls, to count from."""
        calls = self.sandbox.calls.list()
        return int(calls[-1]["seq"]) if calls else 0

    def calls(self, operation: str, since: int = 0, status: str = "ok") -> list[dict[str, Any]]:
        """The calls of one operation ("ecs:UpdateService", "chat.postMessage") after a mark."""
        found = self.sandbox.calls.list(operation=operation)
        return [call for call in found if call["seq"] > since and call["status"] == status]

    def pages(self, incident: str = "") -> list[tuple[str, str]]:
        """What PagerDuty got, as (event_action, effect), of all incidents or of one."""
        events = self.get("pagerduty")["events"]
        return [(one["event_action"], one["effect"]) for one in events if incident in one["dedup_key"]]

    def fault(self, target: str, operation: str, error: str | None, **more: float) -> None:
        """Let calls fail."""
        assert self.post("fault", target=target, operation=operation, error=error, **more)["ok"]

    def calm(self) -> None:
        """No faults and the real pace again."""
        for target in ("slack", "aws", "pagerduty"):
            assert self.post("fault", target=target, operation="*", error="clear")["ok"]
        self.speed(1)

    def speed(self, speed: float) -> None:
        """How many seconds of AWS's and Slack's pass in a real one; the bot's own clock is the real one."""
        assert self.post("clock", speed=speed)["ok"]

    def until(self, what: str, look: Callable[[], Found | None], seconds: float = PATIENCE) -> Found:
        """The first thing that ``look`` finds."""

        def otherwise() -> str:
            log = self.sandbox.bot.last_lines() if self.sandbox.bot else ""
            return f"there was no sign of {what}; the bot's log ends with\n{log}"

        return waiting.until(look, seconds, otherwise=otherwise, every=0.04)


def measured(sentence: str) -> None:
    """Show a duration to whoever runs pytest with -s; none is ever asserted."""
    sys.stdout.write(f"measured: {sentence}\n")


def words(message: Message) -> str:
    """Everything a message says, without the invisible characters that keep foreign text from being formatting."""
    said = [message["text"], *_texts(message["blocks"])]
    return "\n".join(said).replace("\u200b", "")


def labels(message: Message) -> list[str]:
    """The labels of a message's buttons."""
    elements = [element for block in message["blocks"] for element in block.get("elements", [])]
    return [element["text"]["text"] for element in elements if element["type"] == "button"]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_beside(message: Message) -> bool:
    is_picture = [block["type"] for block in message.get("blocks") or ()] == ["image"]
    return is_picture or ":hourglass_flowing_sand: Looking: " in message["text"]


def _after(message: Message, ts: str) -> bool:
    return float(message["ts"]) > float(ts)
