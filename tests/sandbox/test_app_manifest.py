from __future__ import annotations

import os
import sys

from sandbox.app_manifest import read_manifest


def test_a_manifest_is_what_the_command_prints_and_nothing_where_it_fails() -> None:
    printing = (sys.executable, "-c", "print('{\"features\": {}}')")
    assert read_manifest(printing, os.environ) == {"features": {}}
    for wrong in ("print('{')", "print('[]')", "raise SystemExit(1)"):
        assert read_manifest((sys.executable, "-c", wrong), os.environ) is None
    assert read_manifest(("/nowhere/python",), {}) is None
