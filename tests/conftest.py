"""What tests of every folder begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The real core over a real store, with fakes at the ports."""
    made = Scene(tmp_path)
    yield made
    made.close()
