"""What can be said of the page's files without a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PAGE = Path(__file__).parents[3] / "sandbox" / "page"
MODULES = sorted(PAGE.glob("*.js"))
SPRITES = sorted(PAGE.glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _elements() -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed((PAGE / "index.html").read_text())
    return parser.found


def _symbols(name: str) -> set[str]:
    return {one.attrib["id"] for one in ET.parse(PAGE / name).iter(f"{SVG}symbol")}


def test_the_document_has_no_inline_script_or_style_which_its_policy_forbids() -> None:
    for tag, attributes in _elements():
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        assert tag != "script" or attributes.get("src")


def test_everything_the_document_loads_is_a_file_of_the_page() -> None:
    found = [attributes for tag, attributes in _elements() if tag in ("link", "script")]
    loaded = [attributes.get("src") or attributes.get("href") for attributes in found]
    assert loaded
    for address in loaded:
        assert address is not None
        assert (PAGE / address.removeprefix("/")).is_file(), address


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_module_can_turn_text_into_markup_or_code(module: Path) -> None:
    forbidden = (
        r"(inner|outer)HTML|insertAdjacentHTML|document\.write|DOMParser|ContextualFragment|\beval\(|new Function"
    )
    assert re.findall(forbidden, module.read_text()) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_imports_only_its_neighbours(module: Path) -> None:
    for name in re.findall(r'(?:from|import)\s*\(?"([^"]+)"', module.read_text()):
        assert (PAGE / name).is_file(), name


@pytest.mark.parametrize("sprite", SPRITES, ids=lambda path: path.name)
def test_drawings_hold_no_script_no_style_and_no_link(sprite: Path) -> None:
    for element in ET.parse(sprite).iter():
        assert element.tag.removeprefix(SVG) not in ("script", "style", "foreignObject", "image", "a")
        assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "href")]


def test_every_emoji_has_a_drawing() -> None:
    listed = (PAGE / "emoji.js").read_text().split("const ALIASES")[0].split("const CHARACTERS")[1]
    names = re.findall(r'"?([+\w-]+)"?: "[^"]+"', listed)
    assert len(names) > 40
    drawn = {name.replace("+1", "plus1").replace("-1", "minus1") for name in names}
    assert drawn == _symbols("emoji.svg")


def test_every_icon_that_is_used_is_drawn_and_every_drawing_is_used() -> None:
    used = {
        name
        for module in MODULES
        for call in re.findall(r"\b(?:icon|tool)\(((?:[^()]|\(\))*)\)", module.read_text())
        for name in re.findall(r'"([a-z]+)"', call)
    }
    assert used - {"dark"} == _symbols("icons.svg")
