"""The card of an operation: one message from the plan to the outcome."""

from __future__ import annotations

from typing import Any

from bot.command import Check, CheckStatus, Plan, Progress, Stage
from bot.operation import Operation, State
from bot.ports import Message
from bot.views import blocks as b

CONFIRM = "operation:confirm"
CANCEL = "operation:cancel"

CHECK_MARKS = {
    CheckStatus.PASSED: ":white_check_mark:",
    CheckStatus.WARNED: ":warning:",
    CheckStatus.BLOCKING: ":no_entry:",
    CheckStatus.UNKNOWN: ":grey_question:",
}
STATE_WORDS = {
    State.RECEIVED: ":hourglass_flowing_sand: being planned",
    State.PROPOSED: ":hand: waiting for confirmation",
    State.RUNNING: ":hourglass_flowing_sand: running",
    State.SETTLING: ":hourglass_flowing_sand: settling",
    State.SOAKING: ":white_check_mark: settled",
    State.DONE: ":white_check_mark: settled",
    State.FAILED: ":x: failed",
    State.CANCELLED: ":heavy_minus_sign: cancelled, nothing was changed",
    State.EXPIRED: ":heavy_minus_sign: expired, nothing was changed",
    State.REFUSED: ":no_entry: refused, nothing was changed",
}


def confirm_value(operation_id: str, plan: Plan) -> str:
    """What the Confirm button carries: the operation, and which plan the person saw."""
    return f"{operation_id}:{plan.fingerprint()[:16]}"


def _check(check: Check) -> str:
    detail = f": {b.esc(check.detail, 300)}" if check.detail else ""
    return f"{CHECK_MARKS[check.status]} {b.esc(check.name)}{detail}"


def _plan_blocks(plan: Plan, state: State) -> list[b.Block]:
    """The plan; once it was decided on, only the checks that did not pass are still worth a line."""
    shown = [b.header(f"{STATE_WORDS[state].split(' ', 1)[0]} {plan.title}")]
    pairs = [(b.esc(change.what), f"{b.code(change.before)} → {b.code(change.after)}") for change in plan.changes]
    if pairs:
        shown.append(b.fields(pairs))
    decided = (CheckStatus.PASSED, CheckStatus.UNKNOWN) if state is not State.PROPOSED else ()
    checks = [_check(check) for check in plan.checks if check.status not in decided]
    if checks:
        shown.append(b.section("\n".join(checks)))
    if plan.warnings:
        shown.append(b.section("\n".join(f":warning: {b.esc(warning)}" for warning in plan.warnings)))
    return shown


def _progress_blocks(progress: Progress, elapsed: float) -> list[b.Block]:
    head = f"*{b.esc(progress.headline)}*"
    if progress.stage is Stage.ROLLING and progress.total:
        head += f"\n{b.bar(progress.done, progress.total)}  {progress.done} of {progress.total}"
        head += f" · {b.ago(elapsed)}"
    shown = [b.section(head)]
    if progress.lines:
        shown.append(b.section("\n".join(f"• {b.esc(line, 400)}" for line in progress.lines[:12])))
    if progress.logs:
        shown.append(b.section("*Last log lines*\n" + b.pre(progress.logs[-15:])))
    return shown


def _buttons(operation_id: str, plan: Plan, *, production: bool) -> b.Block:
    sure = ("Go ahead?", f"This changes production: {b.esc(plan.title, 200)}.", "Confirm") if production else None
    confirm = b.button("Confirm", CONFIRM, confirm_value(operation_id, plan), style="primary", confirm=sure)
    cancel = b.button("Cancel", CANCEL, operation_id)
    return b.actions("operation", *([cancel] if plan.blocked else [confirm, cancel]))


def card(operation_id: str, operation: Operation, state: State, now: float, *, production: bool) -> Message:
    """The operation's message as it stands now."""
    plan = operation.plan
    if plan is None:
        raise ValueError("an operation without a plan has no card")
    shown: list[b.Block] = _plan_blocks(plan, state)
    elapsed = (operation.ended_at or now) - operation.started_at if operation.started_at else 0.0
    if operation.progress is not None:
        shown += _progress_blocks(operation.progress, elapsed)
    if operation.note:
        shown.append(b.section(b.esc(operation.note, 1200)))
    if state is State.PROPOSED:
        if plan.blocked:
            shown.append(b.section(":no_entry: A check forbids this; nothing can be confirmed."))
        shown.append(_buttons(operation_id, plan, production=production))
    words = STATE_WORDS[state] if not (state is State.PROPOSED and plan.blocked) else ":no_entry: forbidden by a check"
    took = f" · {b.ago(elapsed)}" if elapsed and state not in (State.PROPOSED, State.RECEIVED) else ""
    shown.append(
        b.context(f"{words}{took} · asked by {b.user(operation.actor.user)} · operation {b.code(operation_id)}")
    )
    return Message(text=b.cut(f"{b.esc(plan.title)}: {words}", b.FALLBACK_TEXT), blocks=b.fit(shown))


def outcome(operation: Operation, state: State) -> Message:
    """The reply in the thread that tells the asker, since an edited message notifies nobody."""
    title = b.esc(operation.plan.title) if operation.plan else b.esc(operation.command)
    said = b.esc(operation.progress.headline, 600) if operation.progress else b.esc(operation.note, 600)
    text = f"{b.user(operation.actor.user)} {STATE_WORDS[state]}: {title}\n{said}".strip()
    return b.paragraph(text)


def soaked(operation: Operation, red: tuple[str, ...], seconds: float) -> Message:
    """The reply at the end of the soak: good, or which alarms went off."""
    if red:
        names = ", ".join(b.code(name) for name in red)
        within = f"red within {b.ago(seconds)} after it settled"
        text = f":warning: {b.user(operation.actor.user)} not counted as good: {names} {within}."
    else:
        text = f":white_check_mark: Quiet for {b.ago(seconds)}: counted as good."
    return b.paragraph(text)


def sentence(text: str, hint: str = "") -> Message:
    """A short answer: what happened, and what to do."""
    shown: list[dict[str, Any]] = [b.section(b.esc(text, 1500))]
    if hint:
        shown.append(b.context(b.esc(hint, 1500)))
    return Message(text=b.cut(b.esc(f"{text} {hint}".strip(), 3000), b.FALLBACK_TEXT), blocks=tuple(shown))
