"""Words that somebody may have meant by one that is nearly spelt so.

As near as a slip of the fingers, and no nearer: what is suggested is likely to be said next, whatever it does.
"""

from __future__ import annotations

from collections.abc import Iterable

SHORT = 5
"""Letters up to which one slip is all there may be; two make another word of it."""


def meant(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known words that are nearest to a misspelt one; nothing where none is near enough."""
    slips = {each: apart(word.lower(), each) for each in known}
    near = {each: count for each, count in slips.items() if count <= (1 if len(each) <= SHORT else 2)}
    return tuple(each for each, count in near.items() if count == min(near.values()))


def apart(one: str, other: str) -> int:
    """How many letters were left out, put in, replaced or swapped with the next."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, right in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != right))
            if row > 1 and column > 1 and (letter, one[row - 2]) == (other[column - 2], right):
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
