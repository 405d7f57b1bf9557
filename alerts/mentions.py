"""What people say to the bot in the thread of an incident: slash commands cannot be used there.

https://docs.slack.dev/interactivity/implementing-slash-commands says so; a mention can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Any

from alerts import people, record
from bot.duration import spoken_duration
from bot.errors import UsageError
from bot.misspelt import meant
from bot.ports import Message
from bot.redact import clean
from bot.views import blocks as b

WORDS = {
    people.ACKNOWLEDGE: ("ack", "acknowledge", "mine"),
    people.TAKE_OVER: ("take", "takeover", "take-over"),
    people.HAND_OVER: ("hand", "handover", "hand-over", "assign"),
    people.ESCALATE: ("escalate",),
    people.SNOOZE: ("snooze",),
    people.RESOLVE: ("resolve", "resolved", "close"),
    people.SPLIT: ("split",),
    people.MERGE: ("merge",),
    people.NOTE: ("note",),
    record.TIMELINE: ("timeline",),
    record.REPORT: ("report", "postmortem"),
}
EXAMPLES = (
    ("ack", "you have it"),
    ("take over", "you have it instead of whoever had it"),
    ("hand over @somebody", "they have it"),
    ("escalate", "the next level is called now"),
    ("snooze 30m", "no reminders and no calls until then"),
    ("resolve", "it is over"),
    ("split <alarm>", "an alarm that is another matter gets a thread of its own"),
    ("merge <link to the other headline>", "this is the same matter as that"),
    ("note <text>", "goes into the timeline"),
    ("timeline", "you are shown what happened so far"),
    ("report", "the draft of the post-incident report, as of now, is posted as a file"),
)
"""What can be said, and what it means."""

_ALONE = {
    people.ACKNOWLEDGE: "ack",
    people.TAKE_OVER: "take over",
    people.ESCALATE: "escalate",
    people.RESOLVE: "resolve",
    record.TIMELINE: "timeline",
    record.REPORT: "report",
}
"""What is said by itself: more words make it a sentence in which the word may mean anything."""
_POLITE = frozenset({"", "please", "pls", "it", "this", "the", "incident", "now", "thanks", "thx"})
_GIVING = _POLITE | {"to", "over"}
_FOR = _POLITE | {"for"}
MOST_NEAR = 2
_MARKS = "/.,;:!?`\"'()"
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>")
_LINK = re.compile(r"/archives/([CG][A-Z0-9]{2,20})/p(\d{10})(\d{6})")


@dataclass(frozen=True)
class Said:
    """A signal for the incident, and what it carries besides who said it."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def understood(text: str) -> Said | None:
    """What was said, or None when it is nothing about an incident.

    Raises UsageError when a part is missing, and for a question or what may be an ordinary sentence: nothing is done.
    ``text`` is what followed the bot's own mention, as Slack writes it.
    """
    words = text.split()
    first = _bare(words[0]) if words else ""
    name = next((name for name, known in WORDS.items() if first in known), "")
    if not name:
        return None
    rest = words[1:]
    if rest and f"{first} {_bare(rest[0])}" in ("take over", "hand over", "assign to", "merge into", "split off"):
        rest = rest[1:]
    if name != people.NOTE and any(word.endswith("?") for word in words):
        raise UsageError("I did nothing, since that is a question.", hint=_how(name))
    harmless = _GIVING if name == people.TAKE_OVER else _POLITE
    if name in _ALONE and not all(_bare(word) in harmless for word in rest):
        raise UsageError(f"I did nothing, since more follows than “{_ALONE[name]}”.", hint=_how(name))
    return Said(name, _payload(name, rest))


def _bare(word: str) -> str:
    """A word without the marks that end a sentence."""
    return word.lower().rstrip(".,;:!?")


def _how(name: str) -> str:
    """How it is said so that it is done."""
    if name in _ALONE:
        return f"If you mean it, mention me with “{_ALONE[name]}” and nothing else."
    return "If you mean it, say it without a question mark."


def _payload(name: str, rest: Sequence[str]) -> dict[str, Any]:
    said = " ".join(rest)
    if name == people.HAND_OVER:
        return {"to": _person(said)}
    if name == people.SNOOZE:
        return {"seconds": _seconds(rest)}
    if name in _NEEDED and not said:
        missing, hint = _NEEDED[name]
        raise UsageError(missing, hint=hint)
    if name == people.SPLIT:
        return {"alarm": clean(said.strip("`").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))}
    return {"into": said} if name == people.MERGE else {"text": clean(said)} if name == people.NOTE else {}


_NEEDED = {
    people.SPLIT: ("Which alarm?", "As in: split api-latency."),
    people.MERGE: ("Into which incident?", "Paste the link to its headline."),
    people.NOTE: ("What is to be noted?", "As in: note the vendor confirmed the outage."),
}
"""What must follow these words, and how it is asked for."""


def _person(said: str) -> str:
    person = _PERSON.search(said)
    if person is None:
        raise UsageError("To whom? Mention the person.", hint="As in: hand over @somebody.")
    if not all(_bare(word) in _GIVING for word in _PERSON.sub(" ", said, count=1).split()):
        raise UsageError("I did nothing, since more follows than a person.", hint="As in: hand over @somebody.")
    return person[1]


def _seconds(rest: Sequence[str]) -> float:
    said = " ".join(dropwhile(lambda word: word.lower() in _FOR, rest))
    try:
        return spoken_duration(said)
    except ValueError:
        raise UsageError("For how long?", hint="As in: snooze 30m, snooze 2 hours.") from None


def helped(text: str, commands: Iterable[str]) -> Message:
    """What can be said in the thread of an incident, for somebody who said nothing, or nothing that is known."""
    word = clean(text.split(maxsplit=1)[0])[:60] if text.strip() else ""
    known = [*commands]
    said = f"I do not know “{b.esc(word)}”.{b.esc(_near(text, word, known))}" if word else "What you can say to me here"
    lines = [f"{b.code(example)} {b.esc(means)}" for example, means in EXAMPLES]
    more = f"Commands work here too, for this incident's service unless they name another: {', '.join(known)}."
    shown = [b.section(f"*{said}*"), *b.sections(lines), b.context(b.esc(more, 1500))]
    return Message(text=said, blocks=b.fit(shown))


def _near(text: str, word: str, commands: Sequence[str]) -> str:
    """What may have been meant: the commands that a sentence names, else what its first word is nearly spelt like.

    Nothing else is near enough, since one of these words ends the incident.
    """
    if word.lower().strip(_MARKS) == "again":
        return " Again is a button under the answer."
    spoken = dict.fromkeys(each.lower().strip(_MARKS) for each in text.split())
    named = [each for each in spoken if each in commands]
    near = named or meant(word.strip(_MARKS), [*(one for words in WORDS.values() for one in words), *commands])
    return f" Did you mean {' or '.join(near[:MOST_NEAR])}?" if near else ""


def linked(text: str) -> tuple[str, str] | None:
    """The channel and the ts of the message that a permalink in a text names."""
    found = _LINK.search(text)
    return (found[1], f"{found[2]}.{found[3]}") if found else None


def unpunctuated(text: str) -> str:
    """A message without the colon or comma that people put behind its first word, as in ``logs: timeout``."""
    return re.sub(r"^(/?[\w-]+)[:,](?=\s|$)", r"\1", text)


def without_mention(text: str, bot: str) -> str:
    """A message without the mention of the bot, and without other leading mentions where its id is not known."""
    if bot:
        return re.sub(rf"<@{re.escape(bot)}(?:\|[^>]*)?>", " ", text).strip()
    return re.sub(r"^\s*<@[A-Z0-9]+(?:\|[^>]*)?>", "", text).strip()
