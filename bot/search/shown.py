"""The answer to a search of logs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.cloud import LogLine
from bot.command import Attachment, Choice, Plan
from bot.masks import masked, masker
from bot.ports import World
from bot.redact import clean
from bot.search import screen as view
from bot.search.asked import Asked
from bot.search.found import Found, new_kinds
from bot.search.traces import tears, with_traces
from bot.templates import group, may_be_of_trace
from bot.views import blocks as b

IN_FILE = "stack traces stand whole in the file"
MAKER = "logs"
"""The name of the maker of whole files."""
_CONSOLE = re.compile(rf"(?: · )?<https://[^<>|]*\|{view.OPEN}[^<>]*>")


def grouped_answer(asked: Asked, found: Found, head: view.Head, before: Sequence[LogLine] | None, world: World) -> Plan:
    """The finished answer; ``before`` is what was said before the last deployment, None where nobody looked.

    The stack traces of lines that are shown as they are are read; where kinds of lines are counted, that would only be
    waited for.
    """
    many = len(found.lines) > view.FEW or asked.query.grouped
    if not many:
        found = with_traces(found, found.lines, asked.query, asked.where.account, masked=asked.masked, world=world)
    elif tears(asked.query) and any(may_be_of_trace(line.message) for line in found.lines[-1:]):
        found = replace(found, torn=IN_FILE)
    kinds = group(found.lines) if many or before is not None else []
    grouped = kinds if many else []
    new: frozenset[str] | None = None
    if before is not None and asked.deployed is not None:
        known = [*before, *(line for line in found.lines if line.at < asked.deployed)]
        # Where nothing was written before, nothing can be told apart from it.
        new = new_kinds(kinds, known) if known else None
    zone = asked.window.zone
    deployed = f"the deployment at {view.time_of(asked.deployed, zone, dated=True)} {zone}" if asked.deployed else ""
    blocks = view.lines(head, found, grouped, new, deployed)
    lines = "line" if found.counted == "1" else "lines"
    text = f"{found.counted} {lines} of {asked.target.label}, {head.window}"
    return Plan(title=text, answer_text=text, answer=b.fit(blocks), choices=others(asked))


def for_others(asked: Asked, shown: Plan, query_id: str = "") -> Plan:
    """The answer with what a channel sees when it is shared: there not everybody may see what the asker may."""
    if asked.masked or not asked.settings.masked:
        return shown
    theirs = replace(asked, masked=asked.settings.masked)
    pattern, linked = masker(theirs.masked), theirs.may_be_linked
    changed = (_changed(block, lambda text: _for_all(text, pattern, linked=linked)) for block in shown.answer)
    # Slack takes no block without a text, which one is that held the link alone.
    seen = tuple(block for block in changed if block["type"] != "section" or block["text"]["text"])
    file = whole(theirs, query_id) if shown.attachment else None
    return shown.model_copy(update={"for_others": seen, "file_for_others": file})


def _for_all(text: str, pattern: re.Pattern[str] | None, *, linked: bool) -> str:
    """A text of the answer; what was looked for stands in the console's address, too."""
    return masked(text if linked else _CONSOLE.sub("", text), pattern)


def _changed(found: Any, change: Callable[[str], str]) -> Any:
    if isinstance(found, dict):
        return {key: _changed(value, change) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_changed(each, change) for each in found]
    return change(found) if isinstance(found, str) else found


def others(asked: Asked) -> tuple[Choice, ...]:
    """The same question about another time, or at the same time another one; what is followed begins now."""
    if clean(asked.words) != asked.words:
        # A button carries what it asks to Slack.
        return ()
    place = f"logs {asked.target.system}/{asked.target.name} {asked.target.environment}"
    query, said = asked.query, asked.window.said.lower()
    texts = {span: f"{asked.text} {span}" for span in ("last 1h", "last 24h") if span != said}
    if query.is_narrow and not (query.follow or query.grouped):
        texts["follow"] = f"{asked.text} follow"
    elif not (query.level or query.named or query.free):
        texts["errors only"] = f"{asked.words} level error"
    return tuple(Choice(label=label, text=f"{place} {text.strip()}") for label, text in texts.items())


def whole(asked: Asked, query_id: str = "") -> Attachment:
    """All of it as a text file; a query's result is kept by AWS for days and not paid for again."""
    parameters: dict[str, Any] = {
        "target": asked.target.key,
        "text": asked.text,
        "start": asked.window.start,
        "end": asked.window.end,
        "masked": list(asked.masked),
        "query": query_id,
    }
    name = f"{asked.target.name}-{asked.target.environment}.log"
    return Attachment(make=MAKER, parameters=parameters, name=name, title=f"Logs of {asked.target.label}")
