"""Incidents of a drill, and what people do about them in their threads and in PagerDuty."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from sandbox.scenarios.stage import ALICE, StoryError, button
from sandbox.slack.seed import BOT_USER
from tests.chaos.drill import Drill, Message, key_of
from tests.chaos.people import CHANNELS, PHOTO, fire, incident, set_alarm

CHANNEL = CHANNELS[PHOTO]


class Matter:
    """One alarm of the drill's, and the incident that it opened; ``alarm`` is its name."""

    def __init__(self, drill: Drill, number: int, severity: str = "critical") -> None:
        self.drill = drill
        self.number = number
        self.alarm = fire(drill, number, severity)
        self._id = ""

    @property
    def id(self) -> str:
        """The id of its incident; empty until its headline is there."""
        self._id = self._id or incident(self.drill, self.alarm)
        return self._id

    @property
    def headline(self) -> Message | None:
        """Its message in the channel."""
        return self.drill.message(CHANNEL, f"inc:{self.id}:headline") if self.id else None

    def turn(self, state: str) -> None:
        """The alarm goes to OK or to ALARM."""
        set_alarm(self.drill, self.alarm, state)

    # what people do

    def press(self, label: str, user: str = ALICE) -> bool:
        """Press a button of the headline; False when the app did not answer. True, too, where it is gone."""
        message = self.headline
        action = button(message, label) if message else None
        if message is None or action is None:
            return message is not None
        try:
            self.drill.stage.press(user, CHANNEL, message["ts"], action)
        except StoryError:
            return False
        return True

    def say(self, text: str, user: str = ALICE) -> None:
        """Mention the bot in its thread; Slack tells the bot again when it was dead."""
        message = self.headline
        assert message is not None
        said = {"user": user, "channel": CHANNEL, "text": f"<@{BOT_USER}> {text}", "thread_ts": message["ts"]}
        answer = self.drill.stage._post("/client/message", said)
        assert answer["ok"], answer

    def act(self, action: str, user: str = ALICE) -> None:
        """Do something in PagerDuty's app to the first level's incident."""
        (mine,) = [each for each in _incidents(self.drill) if each["dedup_key"] == f"runbook-bot:{self.id}"]
        self.drill.sandbox.pagerduty.act(user, mine["id"], action)

    # what stands there

    def parts(self) -> Counter[str]:
        """How often each of its messages was posted, by the rest of its key: "headline", "ack:7"."""
        start, headline = f"inc:{self.id}:", f"inc:{self.id}:headline"
        mine = [each for each in self.drill.messages(CHANNEL) if key_of(each) == headline] if self.id else []
        threads = [self.drill.messages(CHANNEL, each["ts"]) if each.get("reply_count") else [each] for each in mine]
        posted = Counter(key for thread in threads for each in thread if (key := key_of(each)))
        return Counter({key.removeprefix(start): times for key, times in posted.items()})

    def replies(self, *kinds: str) -> list[int]:
        """How many messages there are of each kind, "level" being all of level:1:1:… and level:1:2:…."""
        parts = self.parts()
        return [sum(times for part, times in parts.items() if f"{part}:".startswith(f"{kind}:")) for kind in kinds]

    def pages(self) -> dict[int, list[str]]:
        """PagerDuty's incidents of each level (from 1): their states."""
        found: dict[int, list[str]] = {}
        for each in _incidents(self.drill):
            _, whose, level = [*each["dedup_key"].split(":"), "0"][:3]
            if whose == self.id:
                found.setdefault(int(level) + 1, []).append(each["status"])
        return found

    def is_explained(self) -> bool:
        """Whether PagerDuty was told what was found: the last that it is told while nobody does anything."""
        events = self.drill.sandbox.pagerduty.snapshot()["events"]
        return any("findings" in str(each) and f"runbook-bot:{self.id}" in str(each) for each in events)

    def files(self) -> int:
        """How many files its thread has."""
        message = self.headline
        thread = self.drill.messages(CHANNEL, message["ts"]) if message else []
        return sum(len(each.get("files") or ()) for each in thread)

    def fired(self) -> int:
        """How often its alarm went to ALARM, as the headline says."""
        found = re.search(r"fired (\d+) times", self.text())
        return int(found[1]) if found else 1

    def text(self) -> str:
        """What the headline says."""
        message = self.headline
        return str(message["text"]) + str(message["blocks"]) if message else ""


def headlines(drill: Drill) -> Counter[str]:
    """How many headlines each alarm of the drill's has, whichever incident they are of."""
    messages = [each for each in drill.messages(CHANNEL) if key_of(each).endswith(":headline")]
    words = (word for each in messages for word in str(each["text"]).split())
    return Counter(word for word in words if word.startswith("drill-"))


def _incidents(drill: Drill) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drill.sandbox.pagerduty.snapshot()["incidents"]
    return found
