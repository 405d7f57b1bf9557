"""Plays one scenario at a time in the background and tells how it goes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.scenarios import SCENARIOS, Stage, StoryError

_log = logging.getLogger(__name__)


class Player:
    """``variables`` are those of ``.sandbox/env``; they are read when a scenario starts."""

    def __init__(self, variables: Callable[[], Mapping[str, str]]) -> None:
        self._variables = variables
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._playing: dict[str, Any] | None = None

    def play(self, name: str) -> dict[str, Any]:
        """Start a scenario. Answers {"ok": True, "play": number}, or ok False and why not."""
        if name not in SCENARIOS:
            known = ", ".join(SCENARIOS)
            return {"ok": False, "error": "unknown_scenario", "detail": f"There is no {name!r}; there are {known}."}
        with self._lock:
            if self._playing is not None and self._playing["state"] == "playing":
                playing = self._playing["name"]
                return {"ok": False, "error": "already_playing", "detail": f"{playing} is playing; one at a time."}
            number = 1 if self._playing is None else self._playing["play"] + 1
            story: dict[str, Any] = {"play": number, "name": name, "state": "playing", "said": [], "detail": ""}
            self._playing = story
            self._thread = threading.Thread(target=self._run, args=(story,), name=f"play-{name}", daemon=True)
            self._thread.start()
        return {"ok": True, "play": number}

    def status(self) -> dict[str, Any] | None:
        """The scenario that plays or played last: play, name, state (playing, done, failed), said, detail."""
        with self._lock:
            return None if self._playing is None else {**self._playing, "said": list(self._playing["said"])}

    def stop(self) -> None:
        """Stop in the middle of the story; returns when it has."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self, story: dict[str, Any]) -> None:
        stage = Stage(self._variables(), lambda sentence: self._say(story, sentence), self._stopping)
        state, detail = "done", ""
        try:
            SCENARIOS[story["name"]].play(stage)
        except StoryError as error:
            state, detail = "failed", str(error)
        except Exception as error:
            # Whatever a broken story raises, the sandbox goes on and says so.
            _log.exception("the scenario %s broke", story["name"])
            state, detail = "failed", f"{type(error).__name__}: {error}"
        finally:
            stage.close()
            with self._lock:
                story.update(state=state, detail=detail)

    def _say(self, story: dict[str, Any], sentence: str) -> None:
        with self._lock:
            story["said"].append(sentence)
