"""What lasts until a time, for a reason, as people type it: ``<what> <end> <reason>``; a freeze and a silence."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from bot import until as ends
from bot.command import Run

FILLERS = ("until", "till", "for")


def _given(text: str) -> str:
    if not text.strip():
        raise ValueError("people must know why")
    return text


Reason: TypeAlias = Annotated[str, AfterValidator(_given)]
"""Why, in words."""


def deal_out(what: str, end: str, reason: str, *, also: str = "") -> tuple[str, str, str]:
    """What, when it ends, and why, of words that were dealt out by position.

    An environment may have got into the end, and a part of the end into the reason. ``also`` is a word that may follow
    the end and then belongs to it.
    """
    meant, words = [what], [*end.split(), *reason.split()]
    if words and not ends.begins_end(words[0]) and words[0].lower() not in FILLERS:
        follows = words[1:2] if words[1:2] and words[1].lower() not in FILLERS else words[2:3]
        if follows and ends.begins_end(follows[0]):
            meant.append(words.pop(0))
    if words[1:] and words[0].lower() in FILLERS:
        words.pop(0)
    taken = ends.leading(words) or 1
    taken += bool(also) and len(words) > taken and words[taken].lower() == also
    return " ".join(meant), " ".join(words[:taken]), " ".join(words[taken:])


def lasting(end: str, now: float) -> str:
    """How long it lasts, as a plan says it; a length of time counts from the confirmation."""
    length = ends.length(end)
    return f"for {end} from its confirmation" if length else f"until {ends.in_words(ends.moment(end, now))}"


def ends_at(run: Run) -> float:
    """When it ends, of a plan whose facts are ``length`` (seconds, or None) and ``until``."""
    facts = run.plan.facts
    return float(str(facts["until"])) if facts["length"] is None else run.started_at + float(str(facts["length"]))
