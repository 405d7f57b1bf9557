"""Takes the README's picture: the sandbox after its first scenario, in the machine's own Chromium.

Run from the top of the repository: ``PYTHONPATH=. .venv/bin/python docs/images/make.py``. It plays ``first-look``
(half a minute), opens the incident's thread, and writes ``docs/images/sandbox.png``, 1440 by 900.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from sandbox.app import Sandbox
from sandbox.app_environment import read_env_file
from sandbox.scenarios import Stage
from sandbox.scenarios.stage import ALICE, STAR_CHANNEL
from sandbox.scenarios.weather import headline
from tests.browser import Browser

PICTURE = Path(__file__).parent / "sandbox.png"
CHANNEL = "C0USAGEMETRICS"
SECONDS = 120.0


def main() -> None:
    """Play, wait, photograph."""
    with tempfile.TemporaryDirectory() as place:
        sandbox = Sandbox(play="first-look", state_dir=Path(place) / "state")
        sandbox.start()
        stage = Stage(read_env_file(sandbox.env_file), lambda sentence: None)
        try:
            thread = _thread(stage)
            with Browser(1440, 900) as browser:
                browser.prefer("light")
                browser.goto(f"{sandbox.slack.url}/?user={ALICE}#/{CHANNEL}/{thread}")
                browser.wait_for("document.querySelector('[data-testid=thread-pane]').innerText.includes('Metric')")
                browser.evaluate("document.fonts.ready.then(() => true)")
                time.sleep(1)  # pictures of emoji, and messages that slide in
                browser.screenshot(PICTURE)
        finally:
            stage.close()
            sandbox.stop()
    sys.stdout.write(f"{PICTURE}\n")


def _thread(stage: Stage) -> str:
    """The ts of the incident's headline, as soon as its thread has findings."""

    def found() -> str | None:
        message = headline(stage, green=False)
        return str(message["ts"]) if message and message.get("reply_count") else None

    return stage.until(found, SECONDS, f"no incident with findings in {STAR_CHANNEL}")


if __name__ == "__main__":
    main()
