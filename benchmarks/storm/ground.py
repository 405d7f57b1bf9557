"""The sandbox with forty services more, who is measured in it, and what is read of them afterwards."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.town import ROOT, Town, until
from sandbox.app_environment import without_foreign_settings
from sandbox.scenarios.storm import Storm, unleash
from sandbox.seed.account import QUEUE, queue_address
from sandbox.seed.catalogue import REGIONS, US
from sandbox.seed.events import PATTERNS
from sandbox.seed.storm import write_storm_config

CHANNEL = "#ops"
NEVER = {"composite": False, "after_deployment": "never", "same_service": "never", "same_system": "never"}
CALM_SECONDS = 4.0
LONGEST = 1200.0


@dataclass(frozen=True)
class Told:
    """One incident: seconds from its first alarm to its headline, to the first findings, and to all of them."""

    headline: float
    findings: float
    all_findings: float


@dataclass(frozen=True)
class Calls:
    """What was asked of Slack: seconds from the first alarm to the first message and the last, and how many calls."""

    first: float
    last: float
    messages: int
    updates: int
    others: int
    refused: int

    @property
    def all(self) -> int:
        """Every call, also what Slack refused."""
        return self.messages + self.updates + self.others + self.refused


class Ground:
    """A sandbox at the world's own pace, quiet, in which every alarm is told once, by SNS."""

    def __init__(self, folder: Path, *, bot: bool, together: bool = True) -> None:
        """``together`` False: every alarm opens an incident of its own."""
        config = write_storm_config(ROOT / "config", folder / "config")
        if not together:
            written = yaml.safe_load((config / "bot.yaml").read_text()) | {"correlation": NEVER}
            (config / "bot.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
        # The times of the shipped configuration, and not the short ones that the sandbox lays over it.
        self.town = Town(folder / "state", config, bot=bot, bot_environment={"BOT_CONFIG_DIR": str(config)})
        self.database = folder / "state" / "bot.sqlite3"
        for region in REGIONS:
            for rule in PATTERNS:
                self.town.stage.aws("events", region).disable_rule(Name=rule)
            if not bot:
                self.town.stage.aws("sqs", region).purge_queue(QueueUrl=queue_address(region, QUEUE))
        if bot:
            self.calm()

    def now(self) -> float:
        """The sandbox's time, which all times here are."""
        return self.town.sandbox.clock.now()

    def calm(self) -> None:
        """Wait until the bot owes nobody anything, for some seconds in a row."""
        quiet_since = time.monotonic()

        def look() -> bool | None:
            nonlocal quiet_since
            owed = "SELECT count(*) FROM rows WHERE kind IN ('post', 'diagnosis', 'file') AND state = 'owed'"
            told = "SELECT count(*) FROM signals WHERE consumed_at IS NULL"
            if any(self.rows(asked)[0][0] for asked in (owed, told)):
                quiet_since = time.monotonic()
            time.sleep(0.2)
            return time.monotonic() - quiet_since > CALM_SECONDS or None

        until(look, "the bot to have nothing to do", LONGEST)

    def rows(self, asked: str, *values: object) -> list[tuple[Any, ...]]:
        """What the bot's database says."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return list(database.execute(asked, values))

    def unleash(self, storm: Storm) -> float:
        """Let a storm loose; when it began."""
        began = self.now()
        for _ in unleash(self.town.stage.account, storm):
            pass
        return began

    def fire(self, name: str, region: str) -> None:
        """Let one alarm go off."""
        self.town.stage.aws("cloudwatch", region).set_alarm_state(
            AlarmName=name, StateValue="ALARM", StateReason="Threshold Crossed: 1 datapoint [7.0] was greater."
        )

    def told(self, since: float) -> list[Told]:
        """Every incident whose first alarm came since then."""
        fired: dict[str, float] = {}
        asked = "SELECT rows.key, payload FROM signals JOIN rows ON rows.id = row_id WHERE signals.name = 'notified'"
        for key, payload in self.rows(asked):
            alarm = json.loads(payload)["alarm"]
            if alarm["state"] == "ALARM" and alarm["at"] >= since - 0.01:
                fired[key] = min(float(alarm["at"]), fired.get(key, float("inf")))
        shown = self._shown(since)
        found = []
        for incident, body in self.rows("SELECT id, body FROM rows WHERE kind = 'incident'"):
            began = [fired[each["key"]] for each in json.loads(body)["members"] if each["key"] in fired]
            headline = shown.get(f"inc:{incident}:headline")
            if not began or headline is None:
                continue
            looks = [at for key, at in shown.items() if key.startswith(f"inc:{incident}:findings")]
            first = shown[f"inc:{incident}:findings"][0]
            last = max(at for each in looks for at in each)
            found.append(Told(headline[0] - min(began), first - min(began), last - min(began)))
        return found

    def _shown(self, since: float) -> dict[str, list[float]]:
        """When each message was posted and updated, by its key."""
        keys: dict[str, str] = {}
        for key, body in self.rows("SELECT key, body FROM rows WHERE kind = 'post'"):
            keys[str(json.loads(body).get("ts", ""))] = key
        found: dict[str, list[float]] = {}
        for call in self._calls(since):
            if call["status"] == "ok" and call["operation"] == "chat.postMessage":
                found.setdefault(_key(call["params"]), []).append(call["at"])
            elif call["status"] == "ok" and call["operation"] == "chat.update":
                found.setdefault(keys.get(str(call["params"]["ts"]), ""), []).append(call["at"])
        return found

    def _calls(self, since: float) -> list[dict[str, Any]]:
        return [call for call in self.town.sandbox.calls.list(target="slack") if call["at"] >= since]

    def calls(self, since: float) -> Calls:
        """What was asked of Slack since then."""
        made = self._calls(since)
        taken = [call for call in made if call["status"] == "ok"]
        posted = [call["at"] for call in taken if call["operation"] == "chat.postMessage"]
        updates = sum(call["operation"] == "chat.update" for call in taken)
        others = len(taken) - len(posted) - updates
        return Calls(
            *(posted[0] - since, posted[-1] - since), len(posted), updates, others, refused=len(made) - len(taken)
        )

    @contextmanager
    def naive(self) -> Iterator[None]:
        """The naive bot at work."""
        environment = without_foreign_settings(os.environ) | dict(self.town.variables)
        environment |= {"NAIVE_QUEUE": queue_address(US, QUEUE), "NAIVE_CHANNEL": CHANNEL}
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.storm.naive"], cwd=ROOT, env=environment)
        try:
            yield
            assert process.poll() is None, "the naive bot ended before it had posted everything"
        finally:
            process.kill()
            process.wait()

    def posted(self, since: float, many: int) -> None:
        """Wait until so many messages were posted."""
        until(lambda: self.calls_made(since) >= many or None, f"{many} messages", LONGEST)

    def calls_made(self, since: float) -> int:
        """How many messages were posted since then."""
        time.sleep(0.5)
        return sum(call["operation"] == "chat.postMessage" and call["status"] == "ok" for call in self._calls(since))


def _key(params: Mapping[str, Any]) -> str:
    metadata = params.get("metadata") or {}
    read = json.loads(metadata) if isinstance(metadata, str) else metadata
    return str(read.get("event_payload", {}).get("key", ""))
