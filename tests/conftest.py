"""What tests of every folder begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import SKIP_REASON, Browser, chromium_path
from tests.scene import Scene

# Two cores shared with other tests say nothing about how long one example takes.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

STORIES = ("stories", "chaos")
"""Folders of tests that take long, and that share a sandbox with the others of their file."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first; the parallel run keeps the order of files and gives each to one process."""
    root = Path(__file__).parent
    items.sort(key=lambda item: not any(folder in item.path.relative_to(root).parts for folder in STORIES))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The real core over a real store, with fakes at the ports."""
    made = Scene(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser for the tests of a file, where the machine has one."""
    if chromium_path() is None:
        pytest.skip(SKIP_REASON)
    with Browser() as started:
        yield started
