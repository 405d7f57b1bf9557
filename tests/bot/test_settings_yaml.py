"""YAML as people really write it: traps of YAML 1.1, aliases that explode, bytes that are no text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.source import Source, dotted, parse, read


def parsed(text: str) -> Source:
    source = Source("f.yaml", text=text)
    parse(source)
    return source


def messages(source: Source) -> list[str]:
    return [str(problem) for problem in source.problems]


def test_every_key_and_every_list_item_knows_its_line() -> None:
    source = parsed("a:\n  b: 1\n  c:\n    - x\n    - y: 2\n")
    assert source.lines == {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 5,
        ("a", "c", 1, "y"): 5,
    }
    assert source.line(("a", "c", 1, "missing")) == 5
    assert source.line(("missing",)) == 1


def test_keys_are_always_text_and_clock_times_are_no_numbers() -> None:
    source = parsed("on: 1\nno: 2\n3: x\nat: 12:30\nwhen: 2024-01-15\nyes: off\n")
    assert source.value == {"on": 1, "no": 2, "3": "x", "at": "12:30", "when": "2024-01-15", "yes": False}


def test_a_merged_key_is_overridden_wherever_the_merge_stands() -> None:
    source = parsed("base: &b {x: 1, y: 1}\nother: &o {x: 2, z: 2}\nuse:\n  x: 9\n  <<: [*b, *o]\n")
    assert source.value["use"] == {"x": 9, "y": 1, "z": 2}
    assert source.lines[("use", "x")] == 4
    assert not source.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", "f.yaml:2: a: is given twice; the first is at line 1"),
        ("a: &x [*x]\n", "f.yaml:1: a[0]: contains itself through the alias at line 1"),
        (
            "a: !!python/name:os.system ''\n",
            "f.yaml:1: a: has a tag that is not understood: tag:yaml.org,2002:python/name:os.system",
        ),
        ('a: "\\ud800"\n', "f.yaml:1: a: has half of a surrogate pair, which is no character"),
        ("? [1, 2]\n: x\n", "f.yaml:1: (file): has a key that is no text, at line 1"),
        ("a:\n  <<: 7\n", "f.yaml:2: a.<<: merges something that is no block of keys"),
        (
            "a: b: c\n",
            "f.yaml:1: (file): is not valid YAML: a second ': ' in one line; "
            "put the text in quotes, or check the indentation",
        ),
        ("a: *nowhere\n", "f.yaml:1: (file): is not valid YAML: found undefined alias 'nowhere'"),
        ("a: [1\nb: 2\n", "f.yaml:2: (file): is not valid YAML: expected ',' or ']', but got ':'"),
    ],
)
def test_what_is_wrong_with_the_yaml_is_said_in_a_line(text: str, expected: str) -> None:
    assert expected in messages(parsed(text))


def test_aliases_that_multiply_are_stopped() -> None:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert messages(parsed(laughs)) == ["f.yaml:1: (file): grows too large when its aliases are filled in"]


def test_depth_is_refused_instead_of_crashing() -> None:
    assert messages(parsed("[" * 5000)) == ["f.yaml:1: (file): is nested too deeply"]


def test_bytes_that_are_no_text_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    assert messages(read(path, "config/x.yaml")) == ["config/x.yaml:2: (file): is not UTF-8"]
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read(path, "config/x.yaml").value == {"a": 1, "b": 2}


def test_a_pattern_finds_values_in_blocks_and_lists() -> None:
    source = parsed("a: {x: [{n: 1}, {n: 2}, 3]}\nb: 7\n")
    assert list(source.at("*.x.*.n")) == [(("a", "x", 0, "n"), 1), (("a", "x", 1, "n"), 2)]
    assert list(source.at("b")) == [(("b",), 7)]
    assert dotted(("allow", 0, "roles")) == "allow[0].roles"


@given(st.text(alphabet=st.sampled_from("ab:-#&*!|>%@`'\"[]{},?<~ \n\t\\0x.é\x85\u2028"), max_size=60))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    source = parsed(text)
    assert source.problems or isinstance(source.value, dict)
