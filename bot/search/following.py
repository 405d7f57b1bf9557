"""Logs as they are written, in one message for a bounded time.

FilterLogEvents is asked every few seconds from a minute before the last look on: lines come late, and the same line
comes again.
"""

from __future__ import annotations

from dataclasses import replace

from bot.command import Button, Plan
from bot.domain import as_json
from bot.errors import UsageError
from bot.ports import World
from bot.search import screen as view
from bot.search.asked import Asked
from bot.search.asking import head_of
from bot.search.follow_state import EVERY, FOR, IN_ALL, LATE, MOST_LEFT, Followed
from bot.search.found import Found
from bot.search.lines import readable
from bot.search.reading import is_recent_and_narrow, walk
from bot.search.shown import for_others, whole
from bot.templates import entries
from bot.views import blocks as b

SHOWN = 18
LONGEST = 240


def begun(asked: Asked, world: World) -> Plan:
    """The first look.

    Raises UsageError for a range, for what only Logs Insights can look for, and for groups that only it reads.
    """
    if asked.window.said:
        hint = "Leave out follow to read that range, or the time to follow."
        raise UsageError(f"Following begins now: “{asked.window.said}” does not go with it.", hint=hint)
    if not is_recent_and_narrow(asked.query, 0.0, 0.0):
        hint = "Look for plain words, or for one pattern without groups and without other words."
        raise UsageError("These patterns cannot be followed.", hint=hint)
    now = world.clock.now()
    began = now - EVERY
    return _looked(asked, Followed(target=asked.target.key, began=began, until=now + FOR, read_to=began), world)


def gone_on(asked: Asked, plan: Plan, world: World) -> Plan:
    """One more look, with what was pressed."""
    now = world.clock.now()
    names = [pressed.partition(":")[0] for pressed in plan.pressed]
    followed = Followed.model_validate(plan.facts).pressed(names, now)
    if now >= followed.until:
        return _shown(asked, followed, now, goes_on=0.0)
    return _shown(asked, followed, now, goes_on=EVERY) if followed.paused else _looked(asked, followed, world)


def _looked(asked: Asked, followed: Followed, world: World) -> Plan:
    now = world.clock.now()
    found = walk(
        *(world, asked.where, asked.query),
        start=followed.start,
        end=now + LATE,
        masked=asked.masked,
        limit=followed.limit(now),
        has_ids=True,
    )
    found = _readable_groups(asked, found)
    fresh = followed.unseen(found)
    told = [
        f"{view.time_of(at, asked.window.zone, precise=True)} {b.cut(readable(text), LONGEST)}"
        for at, text in entries(fresh)
    ]
    shown = {"count": followed.count + len(fresh), "shown": (*followed.shown, *told)[-SHOWN:]}
    return _shown(asked, followed.after(found, now).model_copy(update=shown), now, goes_on=EVERY)


def _readable_groups(asked: Asked, found: Found) -> Found:
    """With a sentence for each group that is never read. Raises UsageError where none is."""
    refused = " and ".join(found.refused)
    if refused and len(found.refused) + len(found.failed) == len(asked.where.groups):
        hint = (
            "Leave out follow and give a time, as in last 15m: what FilterLogEvents may not read, Logs Insights does."
        )
        raise UsageError(
            f"{refused} cannot be followed: its log class is not Standard, but one such as Infrequent Access.",
            hint=hint,
        )
    said = [
        f"{group} is not followed, as its log class is not Standard. Search it without follow."
        for group in found.refused
    ]
    return replace(found, failed=(*found.failed, *said))


def _shown(asked: Asked, followed: Followed, now: float, *, goes_on: float) -> Plan:
    """What is seen while it goes on, and what stands there when somebody or a fault ends it after this look."""
    ended = "it has ended while it was paused" if followed.paused else "it has ended"
    if followed.until >= followed.latest:
        ended += f": it was followed for {b.ago(IN_ALL)}. Ask again to go on"
    at_end = _blocks(asked, followed, now, "stopped" if goes_on else ended, ended=True)
    label, name = ("Go on", "resume") if followed.paused else ("Pause", "pause")
    buttons = [Button(label=label, name=name, value="1")]
    if followed.until < followed.latest:
        buttons.append(Button(label="5 minutes more", name="extend", value=f"{followed.until:.0f}"))
    text = f"Following {asked.target.label}"
    plan = Plan(
        title=text,
        answer_text=text,
        answer=at_end,
        facts=as_json(followed),
        goes_on=goes_on,
        live=True,
        buttons=tuple(buttons),
        attachment=whole(_since(asked, followed.began, now)),
    )
    plan = for_others(asked, plan)
    if not goes_on:
        return plan
    return plan.model_copy(
        update={"answer": _blocks(asked, followed, now, _state(followed, now), ended=False), "at_end": at_end}
    )


def _blocks(asked: Asked, followed: Followed, now: float, state: str, *, ended: bool) -> tuple[b.Block, ...]:
    lines, zone = b.counted(followed.count, "line"), asked.window.zone
    mark = "⏹" if ended else "⏸" if followed.paused else "▶"
    said = [f"{mark} {lines}{'' if ended else ' so far'}", state]
    if ended and followed.paused:
        said.append(f"what was written after {view.time_of(followed.read_to, zone)} was not read")
    said += _left_out(followed, zone)
    if followed.slow:
        said.append(f"AWS was slow at the last look: lines may {'be missing' if ended else 'come late'}")
    failed = [f":warning: {b.esc(each, 300)}" for each in followed.failed]
    head = _head(asked, followed.began, now, ended=ended)
    return tuple(b.fit(view.live(head, "\n".join((" · ".join(said), *failed)), followed.shown)))


def _state(followed: Followed, now: float) -> str:
    left = followed.until - now
    is_told = followed.is_longest and left > MOST_LEFT - 60.0
    most = f" (no more than {b.ago(MOST_LEFT)} at a time)" if is_told else ""
    if followed.until >= followed.latest:
        most = f" (no more than {b.ago(IN_ALL)} in all)"
    return f"{'paused' if followed.paused else 'following'}, {b.ago(left)} left{most}"


def _left_out(followed: Followed, zone: str) -> list[str]:
    if followed.gap is None:
        return []
    first, last = (view.time_of(at, zone) for at in followed.gap)
    when = f"at {last}" if first == last else f"from {first} to {last}"
    before = f", nor {b.counted(followed.gaps - 1, 'time')} before" if followed.gaps > 1 else ""
    return [f"sampled: not all that was written {when} could be read{before}"]


def _head(asked: Asked, began: float, now: float, *, ended: bool) -> view.Head:
    """What is followed has no end until it has ended."""
    if ended:
        return head_of(_since(asked, began, now))
    zone = asked.window.zone
    return replace(asked.head(), window=f"from {view.time_of(began, zone)} {zone} on")


def _since(asked: Asked, start: float, end: float) -> Asked:
    return replace(asked, window=replace(asked.window, start=start, end=end))
