"""The places the stories are told in: the real bot as a process of its own, in the sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sandbox.app import Sandbox
from sandbox.app_config import OVERLAY as SANDBOX
from sandbox.app_config import copy_config
from tests.stories.town import Town

Mode = Literal["socket", "http"]

CONFIG = Path(__file__).parents[2] / "config"
OVERLAY = Path(__file__).parent / "config"


class Places:
    """One town at a time, since the pretend AWS has one state for the whole process; the last is kept for the next."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._town: Town | None = None
        self._started = 0

    def town(self, mode: Mode) -> Town:
        """The town whose bot hears of Slack in that way."""
        if self._town is not None and self._town.sandbox.mode == mode:
            return self._town
        return self.new_town(mode)

    def new_town(self, mode: Mode) -> Town:
        """A town where nothing has happened yet, for stories that what happened before would change."""
        self.close()
        self._started += 1
        place = self._directory / str(self._started)
        place.mkdir()
        config = copy_config(CONFIG, place / "config", OVERLAY)
        shutil.copy(SANDBOX / "systems" / "lab.yaml", config / "systems")
        sandbox = Sandbox(
            mode=mode, config_dir=CONFIG, state_dir=place / "state", bot_environment={"BOT_CONFIG_DIR": str(config)}
        )
        sandbox.start()
        self._town = Town(sandbox)
        return self._town

    def close(self) -> None:
        """Stop what runs."""
        if self._town is not None:
            self._town.close()
            self._town.sandbox.stop()
            self._town = None


_open: list[Places] = []


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    made = Places(tmp_path_factory.mktemp("places"))
    _open.append(made)
    yield made
    made.close()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last story the town is closed, before tests of other folders start an AWS of their own."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        for places in _open:
            places.close()


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    """Most stories are told over Socket Mode."""
    return places.town("socket")


@pytest.fixture(autouse=True)
def _weather(request: pytest.FixtureRequest, town: Town) -> Iterator[None]:
    """The pace a story asks for, since rollouts need not take as long as they would; none leaves its weather behind."""
    pace = request.node.get_closest_marker("pace")
    if pace is not None:
        town.speed(*pace.args)
    yield
    town.calm()
