"""The card of an operation: one message from the plan to the outcome."""

from __future__ import annotations

import re
from typing import Any

from bot.command import Check, Override, Plan, Progress, Stage
from bot.domain import Target
from bot.operation import Operation, State
from bot.ports import Message
from bot.settings.models import Approvals
from bot.views import blocks as b
from bot.views import plan as plans

PREFIX = "operation:"
"""What action ids of an operation's card begin with; the next part says what the press means."""
CONFIRM, CANCEL, APPROVE, DECLINE = (PREFIX + word for word in ("confirm", "cancel", "approve", "decline"))
TICK, ANSWER = PREFIX + "tick", PREFIX + "answer"
OVERRIDE, EMERGENCY, TYPED = (PREFIX + word for word in ("override", "emergency", "typed"))
CHOICE = "remedy:"
"""A button that carries the text of a command."""
MOST_OVERRIDES = 3

STATE_WORDS = {
    State.RECEIVED: ":hourglass_flowing_sand: being planned",
    State.PROPOSED: ":hand: waiting for confirmation",
    State.APPROVING: ":raised_hands: waiting for approval",
    State.APPROVED: ":hourglass_flowing_sand: about to begin",
    State.RUNNING: ":hourglass_flowing_sand: running",
    State.SETTLING: ":hourglass_flowing_sand: settling",
    State.SOAKING: ":white_check_mark: settled",
    State.DONE: ":white_check_mark: settled",
    State.FAILED: ":x: failed",
    State.CANCELLED: ":heavy_minus_sign: cancelled, nothing was changed",
    State.EXPIRED: ":heavy_minus_sign: expired, nothing was changed",
    State.REFUSED: ":no_entry: refused, nothing was changed",
    State.TAKEN_OVER: ":leftwards_arrow_with_hook: taken over",
    State.LOOKING: ":mag: being looked for",
}

UNDECIDED = (State.PROPOSED, State.APPROVING, State.APPROVED)


def confirm_value(operation_id: str, plan: Plan) -> str:
    """What the Confirm button carries: the operation, and which plan the person saw."""
    return f"{operation_id}:{plan.fingerprint()[:16]}"


def words_of(operation: Operation, state: State) -> str:
    """The state in words; what changes no service has nothing that could settle."""
    is_beside = operation.plan is not None and operation.plan.beside
    if state is State.DONE and (is_beside or not operation.target):
        return ":white_check_mark: done"
    if state is State.CANCELLED and operation.results:
        return ":heavy_minus_sign: cancelled, not all of it was done"
    if state is State.PROPOSED and operation.plan is not None and operation.forbidden_by(operation.plan):
        return ":no_entry: forbidden by a check"
    return STATE_WORDS[state]


def _plan_blocks(plan: Plan, operation: Operation, state: State) -> list[b.Block]:
    """The plan, without what mattered only until it was decided on."""
    mark = words_of(operation, state).split(" ", 1)[0]
    shown = [b.header(f"{mark} {plan.title}"), *plans.changes(plan)]
    if state in UNDECIDED:
        shown += plans.details(plan)
    shown += plans.checks(plan, decided=state not in UNDECIDED)
    return shown + b.sections(_decided(operation, state))


def _decided(operation: Operation, state: State) -> list[str]:
    """What people said about the plan so far."""
    lines = [
        f":rotating_light: {b.user(each.user)} goes on in spite of {b.code(each.check)}: {b.esc(each.reason, 600)}"
        for each in operation.overrides
    ]
    lines += [f":white_check_mark: approved by {b.user(each.user)}" for each in operation.approvals]
    if state is State.APPROVED and operation.starts_at:
        lines.append(f":alarm_clock: announced; begins {b.when(operation.starts_at)}")
    return lines


def _has_bar(operation: Operation) -> bool:
    progress = operation.progress
    return progress is not None and progress.stage is Stage.ROLLING and bool(progress.total)


def _progress_blocks(operation: Operation, progress: Progress, elapsed: float) -> list[b.Block]:
    head = f"*{b.esc(progress.headline)}*"
    if _has_bar(operation):
        head += f"\n{b.bar(progress.done, progress.total)}  {progress.done} of {progress.total}"
        head += f" · {b.ago(elapsed)}"
    shown = [b.section(head)]
    if progress.lines:
        shown.append(b.section("\n".join(f"• {b.esc(line, 400)}" for line in progress.lines[:12])))
    if progress.link:
        watched = progress.stage is Stage.ROLLING
        shown.append(b.context(b.link(progress.link, "Watch it there" if watched else "Look at it there")))
    if progress.logs:
        shown.append(b.section("*Last log lines*\n" + b.pre(progress.logs[-15:])))
    return shown


def _checklist(operation_id: str, operation: Operation, checklist: tuple[str, ...]) -> list[b.Block]:
    """Slack takes ten boxes in one group; a longer list comes in several."""
    if not checklist:
        return []
    options = [
        {"text": {"type": "mrkdwn", "text": b.esc(item, 70), "verbatim": True}, "value": str(number)}
        for number, item in enumerate(checklist[: b.CHECKBOXES])
    ]
    boxes: b.Block = {"type": "checkboxes", "action_id": TICK, "options": options}
    ticked = [option for number, option in enumerate(options) if number in operation.ticked]
    if ticked:
        boxes["initial_options"] = ticked
    return [b.section("*Before you confirm*"), b.actions(f"{TICK}:{operation_id}", boxes)]


def _overrides(operation_id: str, plan: Plan, checks: tuple[Check, ...]) -> list[b.Block]:
    shown = []
    for number, check in enumerate(checks[:MOST_OVERRIDES]):
        value = f"{confirm_value(operation_id, plan)}:{check.name}"
        if check.override is Override.REASON:
            shown.append(b.button(f"Override “{check.name}” …", f"{OVERRIDE}:{number}", value, style="danger"))
        elif check.override is Override.EMERGENCY:
            shown.append(
                b.button(f"Emergency: in spite of “{check.name}” …", f"{EMERGENCY}:{number}", value, style="danger")
            )
    return shown


def _proposal(operation_id: str, operation: Operation, plan: Plan, target: Target | None) -> list[b.Block]:
    """What can be pressed while the plan waits for the asker."""
    forbidden = operation.forbidden_by(plan)
    cancel = b.button("Cancel", CANCEL, operation_id)
    if forbidden:
        rights = _overrides(operation_id, plan, forbidden)
        return [b.section(plans.forbidden(plan, forbidden)), b.actions("operation", *rights, cancel)]
    production = bool(target and target.production)
    sure = ("Go ahead?", f"This changes production: {b.esc(plan.title, 200)}.", "Confirm") if production else None
    value = confirm_value(operation_id, plan)
    if plan.phrase:
        confirm = b.button("Confirm …", TYPED, value, style="danger")
    else:
        confirm = b.button("Confirm", CONFIRM, value, style="primary", confirm=sure)
    checklist = target.checklist if target is not None and operation.command == "deploy" else ()
    decided = {each.check for each in operation.overrides}
    waiting = tuple(check for check in plan.checks if check.waits and check.name not in decided)
    sooner = _overrides(operation_id, plan, waiting)
    return [*_checklist(operation_id, operation, checklist), b.actions("operation", confirm, *sooner, cancel)]


def _approval(operation_id: str, operation: Operation, plan: Plan, rule: Approvals | None) -> list[b.Block]:
    """What can be pressed while the plan waits for other people."""
    many = rule.people if rule else 1
    until = f", until {b.when(operation.confirmed_at + rule.expires)}" if rule else ""
    value = confirm_value(operation_id, plan)
    sure = ("Approve?", f"{b.esc(plan.title, 200)}", "Approve")
    return [
        b.section(f":raised_hands: {len(operation.approvals)} of {many} approvals{until}"),
        b.actions(
            "operation",
            b.button("Approve", APPROVE, value, style="primary", confirm=sure),
            b.button("Decline", DECLINE, operation_id),
            b.button("Cancel", CANCEL, operation_id),
        ),
    ]


def _choices(plan: Plan) -> list[b.Block]:
    buttons = b.choices(CHOICE, ((each.label, each.text) for each in plan.choices))
    return [b.context("Or instead:"), b.actions("choices", *buttons)] if buttons else []


def _answers(operation_id: str, progress: Progress) -> list[b.Block]:
    """What the change itself asks while it settles."""
    buttons = [
        b.button(each.label, f"{ANSWER}:{number}", f"{operation_id}:{each.name}:{each.value}", style=each.style)
        for number, each in enumerate(progress.buttons)
    ]
    return [b.actions("answers", *buttons)] if buttons else []


def card(
    operation_id: str,
    operation: Operation,
    state: State,
    now: float,
    *,
    target: Target | None,
    approvals: Approvals | None = None,
) -> Message:
    """The operation's message as it stands now; ``approvals`` is the rule it waits for."""
    plan = operation.plan
    if plan is None:
        raise ValueError("an operation without a plan has no card")
    shown: list[b.Block] = _plan_blocks(plan, operation, state)
    elapsed = (operation.ended_at or now) - operation.started_at if operation.started_at else 0.0
    if operation.progress is not None:
        shown += _progress_blocks(operation, operation.progress, elapsed)
    if operation.note:
        shown.append(b.section(b.esc(operation.note, 1200)))
    if state is State.PROPOSED:
        shown += _proposal(operation_id, operation, plan, target) + _choices(plan)
    elif state is State.APPROVING:
        shown += _approval(operation_id, operation, plan, approvals)
    elif state is State.APPROVED or (plan.beside and state in (State.RUNNING, State.SETTLING)):
        shown.append(b.actions("operation", b.button("Cancel", CANCEL, operation_id)))
    elif state is State.SETTLING and operation.progress is not None:
        shown += _answers(operation_id, operation.progress)
    words = words_of(operation, state)
    took = f" · {b.ago(elapsed)}" if elapsed >= 1 and state not in UNDECIDED and not _has_bar(operation) else ""
    by = "begun by the bot itself, for" if operation.unattended else "asked by"
    shown.append(b.context(f"{words}{took} · {by} {b.user(operation.actor.user)} · operation {b.code(operation_id)}"))
    return Message(text=b.cut(f"{b.esc(plan.title)}: {words}", b.FALLBACK_TEXT), blocks=b.fit(shown))


def outcome(operation: Operation, state: State) -> Message:
    """The reply in the thread that tells the asker, since an edited message notifies nobody."""
    title = b.esc(operation.plan.title) if operation.plan else b.esc(operation.command)
    said = b.esc(operation.progress.headline, 600) if operation.progress else b.esc(operation.note, 600)
    text = f"{b.user(operation.actor.user)} {words_of(operation, state)}: {title}\n{said}".strip()
    if state is State.FAILED and operation.progress and operation.progress.unchanged:
        text += "\nThe service is as it was before: there is nothing to roll back."
    return b.paragraph(text)


def asks_for_approval(operation: Operation, rule: Approvals, groups: tuple[str, ...]) -> Message:
    """The reply that calls those who may approve; ids of groups come from the configuration."""
    called = " ".join(f"<!subteam^{group}>" for group in groups if re.fullmatch(r"S[A-Z0-9]{2,20}", group))
    title = b.esc(operation.plan.title) if operation.plan else b.esc(operation.command)
    many = "one approval" if rule.people == 1 else f"{rule.people} approvals"
    asks = f"{b.user(operation.actor.user)} asks for {many} within {b.ago(rule.expires)}: {title}"
    return b.paragraph(f"{called} {asks}".strip())


def emergency(operation: Operation) -> Message:
    """The announcement in the channel that something is done in spite of a freeze or a window."""
    title = b.esc(operation.plan.title) if operation.plan else b.esc(operation.command)
    reasons = "\n".join(
        f"{b.user(each.user)} in spite of {b.code(each.check)}: {b.esc(each.reason, 600)}"
        for each in operation.overrides
        if each.emergency
    )
    approved = ", ".join(b.user(each.user) for each in operation.approvals)
    by = f"\nApproved by {approved}." if approved else ""
    return b.paragraph(f":rotating_light: *Emergency:* {title}\n{reasons}{by}")


def notice(operation: Operation) -> Message:
    """The announcement of a change that begins only later, for everybody in the channel."""
    title = b.esc(operation.plan.title) if operation.plan else b.esc(operation.command)
    begins = b.when(operation.starts_at)
    return b.paragraph(f":alarm_clock: *Announced:* {title} begins {begins}, asked by {b.user(operation.actor.user)}.")


def overdue(operation: Operation, seconds: float) -> Message:
    """The reply when a change takes long, which is no failure."""
    said = f": {b.esc(operation.progress.headline, 600)}" if operation.progress else "."
    text = f"{b.user(operation.actor.user)} under way for {b.ago(seconds)} and not settled{said}"
    return b.paragraph(f":hourglass: {text}\nThat is no failure yet; I keep watching.")


def asks(operation: Operation, progress: Progress) -> Message:
    """The reply when a change waits for somebody, since an edited message notifies nobody."""
    words = " or ".join(f"*{b.esc(each.label)}*" for each in progress.buttons)
    lines = (f"{b.user(operation.actor.user)} {b.esc(progress.headline, 300)}: press {words} in the message above.",)
    return b.paragraph(":hand: " + "\n".join((*lines, *(f"• {b.esc(line, 300)}" for line in progress.lines))))


def answered(user: str, sentence: str) -> Message:
    """The reply that says who answered what a change asked."""
    return b.paragraph(f"{b.user(user)}: {b.esc(sentence, 600)}")


def alone(operation: Operation, text: str) -> Message:
    """What the bot was to do by itself and did not."""
    said = b.paragraph(f":warning: {b.user(operation.actor.user)} {b.esc(text, 1200)}")
    if operation.plan is not None or not operation.note:
        return said
    again = b.actions("again", b.button("Plan it now", f"{CHOICE}0", operation.note))
    return Message(text=said.text, blocks=(*said.blocks, again))


def offers_rollback(command: str, failing: Operation | None = None) -> Message:
    """The reply that offers to go back; whoever asked for what is still ``failing`` is called by it."""
    text = ":leftwards_arrow_with_hook: It can be rolled back; the plan is shown first."
    if failing is not None and failing.progress is not None:
        text = f":warning: {b.user(failing.actor.user)} {b.esc(failing.progress.headline, 300)}.\n{text}"
    return Message(text=text, blocks=(b.section(text), b.actions("back", b.button("Roll back", f"{CHOICE}0", command))))


def sentence(text: str, hint: str = "", *, about: str = "") -> Message:
    """A short answer: what happened, and what to do; ``about`` is what was asked, in mrkdwn."""
    begins = f"{about}: " if about else ""
    shown: list[dict[str, Any]] = [b.section(begins + b.esc(text, 1500))]
    if hint:
        shown.append(b.context(b.esc(hint, 1500)))
    return Message(text=b.cut(begins + b.esc(f"{text} {hint}".strip(), 3000), b.FALLBACK_TEXT), blocks=tuple(shown))
