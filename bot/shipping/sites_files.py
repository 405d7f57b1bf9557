"""The files of a site and how long they may be kept: three kinds, told by their names.

A file whose name carries a hash of its content never changes and is kept for a year; every other file is asked for
anew each time, pages last of all (docs/decisions/0007-three-kinds-of-objects.md).
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.shipping_cloud import ObjectVersion, SiteObject

INDEX = "index.html"
FOR_A_YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, max-age=0, must-revalidate"

_PAGES = (".html", ".htm", ".xhtml")
_HEX_LENGTHS = (8, 10, 12, 16, 20, 24, 32, 40, 64)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RANDOM_LENGTH = 8
_TURNS = 4
"""Changes between capitals, small letters and digits that eight random characters have and a word has not."""


def is_page(key: str) -> bool:
    """Whether it is HTML."""
    return key.lower().endswith(_PAGES)


def is_hashed(key: str) -> bool:
    """Whether the name carries a hash of the content, as bundlers write it.

    What only might be a hash is none: a file that is wrongly asked for again costs a moment, one that is wrongly kept
    for a year cannot be taken back from the browsers that have it.
    """
    name = key.rpartition("/")[2]
    if is_page(name) or _UUID.search(name):
        return False
    return any(_is_hex(mark) or _is_random(mark) for mark in _marks(name))


def _marks(name: str) -> Iterator[str]:
    """The places where bundlers put a hash: app-4f3a9c1e.js, main.8f2c1a9b.chunk.css.map, 4f3a9c1e.js."""
    for part in name.split(".")[:-1]:
        yield part
        yield part.rpartition("-")[2]
        if part[-_RANDOM_LENGTH - 1 : -_RANDOM_LENGTH] == "-":
            # Base 64 as addresses need it has dashes of its own.
            yield part[-_RANDOM_LENGTH:]


def _is_hex(mark: str) -> bool:
    """Digits alone could be a date, letters alone a word."""
    return (
        len(mark) in _HEX_LENGTHS
        and re.fullmatch(r"[0-9a-f]+", mark) is not None
        and any(letter.isdigit() for letter in mark)
        and any(letter.isalpha() for letter in mark)
    )


def _is_random(mark: str) -> bool:
    """Eight characters of base 64 as Vite writes them, or of base 32 as esbuild does, with a digit among them."""
    if len(mark) != _RANDOM_LENGTH or not any(letter.isdigit() for letter in mark[:-1]):
        return False
    kinds = ["A" if each.isupper() else "0" if each.isdigit() else "a" for each in mark]
    turns = sum(one != other for one, other in itertools.pairwise(kinds))
    return "A" in kinds and turns >= (_TURNS if "a" in kinds else _TURNS // 2)


@dataclass(frozen=True)
class Files:
    """The files of a release in the order in which they are shipped; ``pages`` end with those called index.html."""

    assets: tuple[SiteObject, ...]
    others: tuple[SiteObject, ...]
    pages: tuple[SiteObject, ...]

    @property
    def mutable(self) -> tuple[SiteObject, ...]:
        """All that keep their names while their content changes."""
        return (*self.others, *self.pages)


def sort(found: Iterable[SiteObject], reused: Collection[str] = ()) -> Files:
    """The three kinds, each by key. ``reused`` are keys that look hashed, and have had other content before."""
    files = sorted(found, key=lambda each: (each.key.endswith(INDEX), each.key))
    assets = [each for each in files if is_hashed(each.key) and each.key not in reused]
    pages = [each for each in files if is_page(each.key)]
    others = [each for each in files if each not in assets and each not in pages]
    return Files(tuple(assets), tuple(others), tuple(pages))


def missing(wanted: Iterable[SiteObject], site: Mapping[str, SiteObject]) -> tuple[SiteObject, ...]:
    """Those the site does not have with the same content."""
    return tuple(each for each in wanted if each.key not in site or site[each.key].etag != each.etag)


def by_key(found: Iterable[SiteObject]) -> dict[str, SiteObject]:
    """Objects by their keys."""
    return {each.key: each for each in found}


def fingerprint(found: Iterable[SiteObject]) -> str:
    """A short word for exactly these files with exactly this content."""
    lines = sorted(f"{each.key}\0{each.etag}\0" for each in found)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]


def latest(versions: Iterable[ObjectVersion]) -> dict[str, ObjectVersion]:
    """What is served now of these, by key; a hidden object is not."""
    return {each.key: each for each in versions if each.is_latest and not each.deleted}


def amount(found: Collection[SiteObject]) -> str:
    """Number and size: ``3 (12 kB)``."""
    if not found:
        return "0"
    size = float(sum(each.size for each in found))
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{len(found)} ({size:.0f} {unit})"
        size /= 1000
    return f"{len(found)} ({size:.1f} GB)"


def listed(keys: Collection[str], most: int = 5) -> str:
    """The first of many names, and how many more there are."""
    names = sorted(keys)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
