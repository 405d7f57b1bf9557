"""The sandbox without the bot, in a process of its own, so that nothing but sockets is shared with what is measured.

It prints its variables as one line of JSON; then, for every line it is sent, the AWS calls since the line before.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from sandbox.app import Sandbox

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-plan-") as folder:
        sandbox = Sandbox(bot=False, state_dir=Path(folder))
        sandbox.start()
        print(json.dumps(sandbox.env), flush=True)
        seen = 0
        for _ in sys.stdin:
            calls = sandbox.calls.list("aws")
            print(json.dumps([call["operation"] for call in calls if call["seq"] > seen]), flush=True)
            seen = calls[-1]["seq"] if calls else 0
        sandbox.stop()
