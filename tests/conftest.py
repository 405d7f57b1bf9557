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

# Long ones first, each in one process and the stories in two: the pretend AWS has one state for a whole process.
STORIES = ("stories", "chaos")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the parallel run what belongs together: the stories, which share a town, else a file."""
    root = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(root).parts[0]
        group = folder if folder == "stories" else str(item.path.relative_to(root))
        if item.path.name.startswith("test_shipping_") and item.path.name != "test_shipping_incident.py":
            group = f"{group} of shipping"
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not any(folder in item.path.relative_to(root).parts for folder in STORIES))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The real core over a real store, with fakes at the ports."""
    made = Scene(tmp_path)
    yield made
    made.close()
