"""What tests of every folder begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.scene import Scene

# Two cores shared with other tests say nothing about how long one example takes.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The real core over a real store, with fakes at the ports."""
    made = Scene(tmp_path)
    yield made
    made.close()
