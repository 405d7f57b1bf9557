"""A new version of the Lambda function gets a tenth of the calls, and its alarm takes them away again."""

from __future__ import annotations

from sandbox.scenarios.shipping import CONFIRM, FAILED, ask, end_of, expect, press
from sandbox.scenarios.stage import ALICE, Scenario, Stage

CHANNEL = "#rapid-photo"
FAULTY = "v1.2.1-errors"


def play(stage: Stage) -> None:
    """Deploy it. Raises StoryError when its errors are not noticed."""
    ts = ask(stage, ALICE, CHANNEL, "deploy", f"image-processor production {FAULTY}")
    press(stage, ALICE, CHANNEL, ts, CONFIRM)
    stage.say("a tenth of the calls go to the new version, and some of them fail")
    expect(end_of(stage, CHANNEL, ts), FAILED, "a faulty version")
    stage.say("its alarm went off: every call goes to the old version again")


SCENARIO = Scenario("canary", "A faulty Lambda version gets a tenth of the calls; its alarm sends them back.", play)
