"""A plan as people read it: what will be different first, then what speaks against it, then what was found well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.command import Check, CheckStatus, Override, Plan
from bot.views import blocks as b

CHECK_MARKS = {
    CheckStatus.BLOCKING: ":no_entry:",
    CheckStatus.WARNED: ":warning:",
    CheckStatus.UNKNOWN: ":grey_question:",
    CheckStatus.PASSED: ":white_check_mark:",
}
"""In the order in which they are shown."""
_DECIDED = (CheckStatus.BLOCKING, CheckStatus.WARNED)
"""What is still worth a line once the plan was decided on."""


def changes(plan: Plan) -> list[b.Block]:
    """Before and after, side by side."""
    pairs = [(b.esc(change.what), f"{b.code(change.before)} → {b.code(change.after)}") for change in plan.changes]
    return [b.fields(pairs[start : start + b.FIELDS]) for start in range(0, len(pairs), b.FIELDS)]


def details(plan: Plan) -> list[b.Block]:
    """The lines beside the changes."""
    return b.sections(f"• {b.esc(line, 600)}" for line in plan.details)


def checks(plan: Plan, *, decided: bool) -> list[b.Block]:
    """What did not pass, the worst first, a line each; what passed in small print.

    Of a plan that was ``decided`` on only what spoke against it is left.
    """
    troubles = [
        _trouble(check)
        for status in CHECK_MARKS
        for check in plan.checks
        if check.status is status and status is not CheckStatus.PASSED and (not decided or status in _DECIDED)
    ]
    shown = b.sections((*troubles, *(f":warning: {b.esc(warning, 600)}" for warning in plan.warnings)))
    passed = [check for check in plan.checks if check.status is CheckStatus.PASSED]
    if passed and not decided:
        shown.append(b.context(_passed(passed)))
    return shown


def _trouble(check: Check) -> str:
    detail = f": {b.esc(check.detail, 300)}" if check.detail else ""
    return f"{CHECK_MARKS[check.status]} *{b.esc(check.name)}*{detail}"


def _passed(found: Sequence[Check]) -> str:
    said = (
        f"{b.esc(check.name)}: {b.esc(check.detail, 200)}" if check.detail else b.esc(check.name) for check in found
    )
    return f"{CHECK_MARKS[CheckStatus.PASSED]} {' · '.join(said)}"


def forbidden(plan: Plan, standing: Iterable[Check]) -> str:
    """Which checks forbid going on, and where nobody may go on in spite of them, what to do."""
    found = tuple(standing)
    names = " and ".join(f"*{b.esc(check.name)}*" for check in found)
    final = any(check.override is Override.NEVER for check in found)
    hint = " Mend that first, then ask again." if final and not plan.choices else ""
    return f":no_entry: Forbidden by {names}.{hint}"
