"""What is said when alarms fall silent, and when they may be heard again."""

from __future__ import annotations

from collections.abc import Sequence

from bot.holds import place_label
from bot.ports import Message
from bot.silence import Held, Silence, StillRed
from bot.views import blocks as b

SHOWN = 25
"""Alarms named in one message; how many more there are is said."""


def begun(silence: Silence) -> Message:
    """Told once in each channel that it concerns."""
    until = b.when(silence.until)
    if silence.is_maintenance:
        said = f":wrench: The maintenance of {what(silence)} has begun: alarms are held until {until}."
    else:
        said = f":no_bell: {what(silence)} is silenced until {until} by {b.user(silence.by)}."
    return b.paragraph(f"{said} {because(silence)}")


def over(
    silence: Silence, held: Sequence[Held], red: Sequence[StillRed], *, lifted_by: str = "", unread: str = ""
) -> Message:
    """The report at its end: what is in ALARM still, and what came and went meanwhile.

    ``unread`` says why CloudWatch could not be asked, where it could not.
    """
    ended = f"was lifted by {b.user(lifted_by)}" if lifted_by else "is over"
    title = f":bell: The {kind(silence)} of {what(silence)} {ended}"
    still = {each.name for each in red}
    lines = [f"{title}{'.' if red or held else ': nothing fired meanwhile, and nothing is in alarm.'}"]
    if not red and held:
        lines.append("Nothing is in alarm now.")
    lines += [_red(each, held) for each in red[:SHOWN]]
    lines += _more(len(red))
    gone = [each for each in held if each.name not in still]
    if gone:
        lines.append("Fired meanwhile, and well again: " + ", ".join(_counted(each) for each in gone[:SHOWN]))
        lines += _more(len(gone))
    if unread:
        lines.append(
            f":grey_question: CloudWatch could not be asked ({b.esc(unread, 300)}): this is what it last told."
        )
    blocks = (*b.sections(lines), b.context(f"{because(silence)} It began {b.when(silence.since)}."))
    text = f"{title}: {len(red)} in alarm, {len(gone)} fired meanwhile"
    return Message(text=b.cut(text, b.FALLBACK_TEXT), blocks=b.fit(blocks))


def not_unmuted(silence: Silence, error: str) -> Message:
    """A mute rule that could not be deleted goes on to its end, and somebody should know."""
    said = f"The mute rule {b.code(silence.rule)} could not be deleted: {b.esc(error, 400)}"
    return b.paragraph(f":warning: {said} It mutes {what(silence)} in CloudWatch until {b.when(silence.until)}.")


def incident_silenced(silence: Silence) -> Message:
    """Said in the thread of an incident that goes to sleep by it."""
    until = b.when(silence.until)
    return b.paragraph(
        f":no_bell: Its alarms are silenced until {until}. {because(silence)} Nobody is called until then."
    )


def incident_awake(owner: str, *, is_unknown: bool = False) -> Message:
    """Said in the thread when the silence is over and the alarm is not, or what it watches is not known."""
    now = "; its metric has no data" if is_unknown else " and it is still in alarm"
    who = f"{b.user(owner)} has it." if owner else "Who has it?"
    return b.paragraph(f":bell: The silence is over{now}. {who}")


def kind(silence: Silence) -> str:
    """The word for it."""
    return "maintenance" if silence.is_maintenance else "silence"


def what(silence: Silence) -> str:
    """What is silent, as it is typed; of a maintenance its places too."""
    places = ", ".join(place_label(place) for place in silence.places)
    return f"*{b.esc(silence.name)}*" + (f" ({b.esc(places)})" if silence.is_maintenance else "")


def because(silence: Silence) -> str:
    """The reason, as a sentence."""
    return f"Because: {b.esc(silence.reason, 600).rstrip('.')}."


def _red(each: StillRed, held: Sequence[Held]) -> str:
    counted = next((known for known in held if known.name == each.name), None)
    times = f", {_times(counted.count)} meanwhile" if counted else ""
    where = "its incident opens now" if each.opens else "its incident was resolved before"
    where = "its incident is open" if each.has_incident else where
    return f":red_circle: {b.code(each.name)} in alarm since {b.when(each.since)}{times}: {where}"


def _counted(each: Held) -> str:
    return f"{b.code(each.name)} {_times(each.count)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _more(count: int) -> list[str]:
    return [f"… and {count - SHOWN} more"] if count > SHOWN else []
