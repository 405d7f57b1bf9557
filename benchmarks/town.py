"""The sandbox with the real bot in it, a person who deploys, and what the bot's own rows say."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sandbox.app import Sandbox
from sandbox.scenarios.stage import ALICE, Stage, button

Found = TypeVar("Found")

ROOT = Path(__file__).parents[1]
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Seen:
    """One operation as its row stands: state, what its progress says, and when that was saved."""

    state: str
    headline: str
    lines: tuple[str, ...]
    at: float


class Town:
    """A sandbox at the world's own pace. Times are the world's, in seconds since the epoch."""

    def __init__(self, folder: Path, config: Path = ROOT / "config", **options: Any) -> None:
        self._database = folder / "bot.sqlite3"
        self.sandbox = Sandbox(config_dir=config, state_dir=folder, database=self._database, **options)
        self.sandbox.start()
        self.stage = Stage(self.sandbox._script_variables(), lambda sentence: None)  # noqa: SLF001
        self._asking = threading.Lock()

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables that the bot and the peers are started with."""
        return self.sandbox.env

    @property
    def ahead(self) -> float:
        """Seconds by which the sandbox's clock is ahead of the world's."""
        return self.sandbox.clock.now() - time.time()

    def stop(self) -> None:
        """End everything."""
        self.stage.close()
        self.sandbox.stop()

    def deploy(self, channel: str, text: str) -> str:
        """Ask for a deployment and confirm its plan; the operation's id."""
        with self._asking:
            before = self.stage.newest(channel)
            self.stage.command(ALICE, channel, text)
            card = until(lambda: self._card(channel, before), f"a card for {text}")
            action = button(card, "Confirm")
            assert action is not None
            self.stage.press(ALICE, channel, card["ts"], action)
        key = str(card["metadata"]["event_payload"]["key"])
        return key.split(":")[1]

    def _card(self, channel: str, before: str) -> dict[str, Any] | None:
        shown = reversed(self.stage.messages(channel))
        return next((one for one in shown if float(one["ts"]) > float(before) and button(one, "Confirm")), None)

    def seen(self, operation: str) -> Seen:
        """The operation's row."""
        database = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            asked = "SELECT state, body, updated_at FROM rows WHERE id = ?"
            state, body, at = database.execute(asked, (operation,)).fetchone()
        finally:
            database.close()
        progress = json.loads(body).get("progress") or {}
        return Seen(state, str(progress.get("headline", "")), tuple(progress.get("lines", ())), float(at))

    def calls(self, operation: str, since: float) -> list[dict[str, Any]]:
        """The calls of one operation of AWS's or Slack's since an instant, with the world's time."""
        ahead = self.ahead
        found = self.sandbox.calls.list(operation=operation)
        return [call | {"at": call["at"] - ahead} for call in found if call["at"] - ahead >= since]


def until(look: Callable[[], Found | None], what: str, seconds: float = 60.0) -> Found:
    """The first thing that ``look`` finds. Raises AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        time.sleep(LOOK_EVERY)
    return found
