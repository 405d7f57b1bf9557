"""Which files may be kept for a year, told by their names."""

from __future__ import annotations

import pytest

from bot.shipping import sites_files as files
from bot.shipping_cloud import SiteObject


@pytest.mark.parametrize(
    "key",
    [
        "assets/app-4f3a9c1e.js",
        "main.8f2c1a9b.css",
        "main.8f2c1a9b1f2e3d4c5b6a.js",
        "main.8f2c1a9b.chunk.js",
        "assets/index-BsR3xq9K.js",
        "assets/index-BsR3xq9K.js.map",
        "assets/index-Bs-3xq9K.js",
        "assets/index-D_f3x-9K.css",
        "chunk-OY2ZTKXN.js",
        "4f3a9c1e.js",
        "_next/static/chunks/117-0f3e5b4f1d2c3a4b.js",
        "_astro/hoisted.5f2c9b1a.js",
        "media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
        "a b/ünï-4f3a9c1e.js",
        "/app-4f3a9c1e.js",
    ],
)
def test_a_name_with_a_hash_of_its_content_may_be_kept(key: str) -> None:
    assert files.is_hashed(key)


@pytest.mark.parametrize(
    "key",
    [
        "app.js",
        "main.dart.js",
        "sw.js",
        "service-worker.js",
        "favicon.ico",
        "app.webmanifest",
        "robots.txt",
        "CNAME",
        "4f3a9c1e",
        "assets/4f3a9c1e/app.js",
        "jquery-3.7.1.min.js",
        "app-v1.5.0.js",
        "report-20251124.js",
        "report-2025112410.js",
        "app-deadbeef.js",
        "app-DarkMode.js",
        "app-Version2.js",
        "app-CHAPTER1.js",
        "app-version2.js",
        "app-fullscreen.js",
        "app-face2face.js",
        "page-4f3a9c1e.html",
        "page-4F3A9C1E.HTM",
        "img-123e4567-e89b-12d3-a456-42661417400a.png",
        "a+b%20c.js",
        "",
        "/",
        "...",
        "-.-",
    ],
)
def test_every_other_name_is_asked_for_again(key: str) -> None:
    assert not files.is_hashed(key)


def an_object(key: str, etag: str = "e", size: int = 1) -> SiteObject:
    return SiteObject(key, size, etag, 0.0)


def keys(found: tuple[SiteObject, ...]) -> list[str]:
    return [each.key for each in found]


def test_files_are_sorted_into_three_kinds_with_the_first_page_last() -> None:
    found = files.sort(
        an_object(key)
        for key in (
            "index.html",
            "docs/index.html",
            "about.HTML",
            "sw.js",
            "app-4f3a9c1e.js",
            "CNAME",
            "a-1b2c3d4e.css",
        )
    )
    assert keys(found.assets) == ["a-1b2c3d4e.css", "app-4f3a9c1e.js"]
    assert keys(found.others) == ["CNAME", "sw.js"]
    assert keys(found.pages) == ["about.HTML", "docs/index.html", "index.html"]
    assert found.mutable == found.others + found.pages


def test_what_looks_hashed_but_had_other_content_is_asked_for_again() -> None:
    found = files.sort([an_object("app-4f3a9c1e.js"), an_object("b-1b2c3d4e.js")], reused=["app-4f3a9c1e.js"])
    assert (keys(found.assets), keys(found.others)) == (["b-1b2c3d4e.js"], ["app-4f3a9c1e.js"])


def test_missing_is_what_is_not_there_with_the_same_content() -> None:
    site = files.by_key([an_object("a", "1"), an_object("b", "1")])
    wanted = [an_object("a", "1"), an_object("b", "2"), an_object("c", "1")]
    assert keys(files.missing(wanted, site)) == ["b", "c"]


def test_a_fingerprint_tells_any_change_of_names_and_contents() -> None:
    one, two = [an_object("a", "1"), an_object("b", "2")], [an_object("b", "2"), an_object("a", "1")]
    assert files.fingerprint(one) == files.fingerprint(two)
    others = (
        [an_object("a", "1")],
        [an_object("a", "2"), an_object("b", "2")],
        [an_object("a1", ""), an_object("b2", "")],
    )
    assert len({files.fingerprint(each) for each in (one, *others)}) == 4


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([], "0"),
        ([999], "1 (999 B)"),
        ([1000], "1 (1 kB)"),
        ([600_000, 600_000], "2 (1 MB)"),
        ([2 * 10**9], "1 (2.0 GB)"),
    ],
)
def test_an_amount_is_said_in_fitting_units(sizes: list[int], said: str) -> None:
    assert files.amount([an_object("a", size=size) for size in sizes]) == said


def test_long_lists_are_cut() -> None:
    assert files.listed(["b", "a"]) == "a, b"
    assert files.listed([str(number) for number in range(7)]) == "0, 1, 2, 3, 4 and 2 more"
