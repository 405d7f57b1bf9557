"""``/silence``: an alarm, or the alarms of a service, wake nobody for a while; what fires is counted, and told after.

The bot holds the alarms back itself, which stops nothing in AWS. Only where somebody says ``everywhere`` does a mute
rule silence CloudWatch too, and then only alarms that do nothing but notify: a muted alarm scales nothing either.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot import until as ends
from bot.arguments import REST
from bot.authz import require_everywhere
from bot.command import Change, Check, CheckStatus, Choice, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Account, Person
from bot.errors import UpstreamError, UsageError
from bot.form import choices
from bot.muting import Mute, Readings, mutable, read_alarms, read_ones, words_of
from bot.ports import World
from bot.silence import LONGEST, RULE_PREFIX, SHORTEST, NamedAlarm, Silence
from bot.silence_args import Meant, meant
from bot.until_args import Reason, deal_out, ends_at, lasting
from bot.views.blocks import ago

EVERYWHERE = "everywhere"
SHOWN = 12
ONLY_HERE = (
    "In Slack and PagerDuty only: CloudWatch and the alarms' own actions go on, and others who listen still hear."
)


class SilenceArgs(BaseModel):
    """What ``/silence`` takes. The environment of a service may follow it: ``api production 2h …``."""

    model_config = ConfigDict(frozen=True)

    what: str = Field(description="An alarm's name, or a service with its environment: `bi/api production`.")
    duration: str = Field(
        description="How long, `30m`, `2h`, `3d`, or until when, `18:00`, `friday 09:00`; 15 days at most."
        f" With `{EVERYWHERE}` after it CloudWatch is muted too.",
        json_schema_extra=choices("30m", "1h", "2h", "8h", "24h"),
    )
    reason: Reason = Field(description="Why; people read it where they miss the alarm.", json_schema_extra=REST)

    @model_validator(mode="before")
    @classmethod
    def _arrange(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in cls.model_fields):
            return given
        dealt = deal_out(given["what"], given["duration"], given["reason"], also=EVERYWHERE)
        return dict(zip(cls.model_fields, dealt, strict=True))

    @field_validator("duration")
    @classmethod
    def _is_an_end(cls, text: str) -> str:
        ends.check(_end(text))
        return text


def _end(duration: str) -> str:
    return duration.rpartition(" ")[0] if duration.lower().endswith(f" {EVERYWHERE}") else duration


def plan(args: SilenceArgs, world: World, person: Person) -> Plan:
    """What falls silent, for how long, and where: in the bot, or in CloudWatch too."""
    now, found = world.clock.now(), meant(args.what, world)
    for target in found.targets:
        require_everywhere(world, person, "incident", target.key)
    end = _end(args.duration)
    length, at = ends.length(end), ends.moment(end, now)
    if not now + SHORTEST <= at <= now + LONGEST:
        raise UsageError(f"A silence lasts from a minute to {LONGEST / 86400:.0f} days.", hint="2h, 3d, 18:00, friday")
    readings = read_alarms(found, world)
    everywhere = args.duration != end
    mute = mutable(readings, world) if everywhere else Mute()
    changes = [Change(what=found.name, before=_before(found, world), after=f"silent {lasting(end, now)}")]
    if mute.names:
        rule = f"mutes {_listed(mute.names)}, which only notify"
        changes.append(Change(what="Mute rule in CloudWatch", before="none", after=rule))
    return Plan(
        title=f"Silence {found.name}",
        strategy="silence",
        changes=tuple(changes),
        details=(f"Why: {args.reason}", *_details(found, readings, world, mute, everywhere=everywhere)),
        checks=_checks(found, readings),
        choices=() if everywhere else _choices(args, end, readings),
        facts={
            "name": found.name,
            "places": list(found.places),
            "alarms": [each.model_dump() for each in found.alarms],
            "length": length,
            "until": at,
            "reason": args.reason,
            "by": person.name,
            "mute": list(mute.names),
            "account": [mute.account.region, mute.account.role_arn, mute.account.external_id] if mute.account else [],
        },
    )


def _before(found: Meant, world: World) -> str:
    standing = [each for each in world.silences.standing() if each.name == found.name]
    return f"silenced until {ends.in_words(standing[-1].until)}" if standing else "heard"


def _details(
    found: Meant,
    readings: Readings,
    world: World,
    mute: Mute,
    *,
    everywhere: bool,
) -> list[str]:
    lines = [ONLY_HERE]
    if mute.names:
        lines = ["In Slack and PagerDuty, and in CloudWatch: nobody who listens to the muted alarms hears them."]
    elif everywhere:
        lines = [f"{ONLY_HERE} Not {EVERYWHERE}, since {mute.why_not}."]
    if found.is_service:
        names = [name for target in found.targets for name in found.listed(target)]
        lines.append(f"{len(names)} alarm{'' if len(names) == 1 else 's'} listed: {_listed(names)}" if names else "")
        lines.append("" if names else "No alarm is listed for it; those on its own metrics are meant.")
    read = read_ones(readings)
    now = world.clock.now()
    red = [f"{each.name} for {ago(now - each.updated_at)}" for each in read if each.state == "ALARM"]
    lines.append(f"In alarm now: {_listed(red)}." if red else "")
    silence = _silence(found)
    asleep = [
        incident.alarm
        for incident in world.recent.live_incidents()
        if not incident.recovered and any(silence.covers(each.name, each.arn, each.target) for each in incident.members)
    ]
    lines.append(
        f"Open incidents sleep until then, if all that is red in them is silent: {_listed(asleep)}" if asleep else ""
    )
    lines.append("It ends by itself: what is still red then opens its incident, and all that fired is told.")
    return [line for line in lines if line]


def _silence(found: Meant) -> Silence:
    return Silence(id="", name="", places=found.places, alarms=found.alarms, reason="", since=0.0, until=0.0)


def _checks(found: Meant, readings: Readings) -> tuple[Check, ...]:
    failed = [each for each in readings.values() if isinstance(each, Exception)]
    if failed:
        return (Check(name="alarms", status=CheckStatus.UNKNOWN, detail=words_of(failed[0])),)
    read = read_ones(readings)
    acting = sorted(each.name for each in read if each.acts)
    if not acting:
        return (Check(name="actions", status=CheckStatus.PASSED, detail="the alarms only notify"),)
    detail = f"{_listed(acting)} also scale, call or restart something; that goes on, since they are never muted in AWS"
    return (Check(name="actions", status=CheckStatus.PASSED, detail=detail),)


def _choices(args: SilenceArgs, end: str, readings: Readings) -> tuple[Choice, ...]:
    read = read_ones(readings)
    if all(each.acts for each in read):
        return ()
    what = args.what if '"' in args.what else f'"{args.what}"'
    return (Choice(label="Mute in CloudWatch too", text=f"silence {what} {end} {EVERYWHERE} {args.reason}"),)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _effects(made: Plan) -> tuple[Effect, ...]:
    """The rule first, so that the silence knows whether there is one to be deleted at its end."""
    silence = Effect("silence", _find, _add)
    # Putting a rule of the same name with the same times again changes nothing, so there is nothing to look for.
    return (Effect("mute", lambda run, world: None, _put), silence) if made.facts["mute"] else (silence,)


def _account(made: Plan) -> Account:
    region, role_arn, external_id = (str(each) for each in _many(made.facts["account"]))
    return Account(region, role_arn, external_id)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _put(run: Run, world: World) -> dict[str, Any]:
    """A refusal for good leaves the silence in the bot, and is told."""
    facts, names = run.plan.facts, [str(each) for each in _many(run.plan.facts["mute"])]
    name, description = f"{RULE_PREFIX}{run.operation}", f"{facts['by']}: {facts['reason']}"
    try:
        world.mutes.put(
            _account(run.plan), name, names, since=run.started_at, until=ends_at(run), description=description
        )
    except UpstreamError as error:
        if error.retryable:
            raise
        return {"rule": "", "refused": error.message}
    return {"rule": name, "refused": ""}


def _find(run: Run, world: World) -> dict[str, Any] | None:
    standing = (each for each in world.silences.standing() if each.id == run.operation)
    return next(({"silence": each.id, "until": each.until} for each in standing), None)


def _add(run: Run, world: World) -> dict[str, Any]:
    facts, muted = run.plan.facts, bool(run.results.get("mute", {}).get("rule"))
    world.silences.add(
        Silence(
            id=run.operation,
            name=str(facts["name"]),
            places=tuple(str(each) for each in _many(facts["places"])),
            alarms=tuple(NamedAlarm.model_validate(each) for each in _many(facts["alarms"])),
            reason=str(facts["reason"]),
            since=run.started_at,
            until=ends_at(run),
            by=run.actor.user,
            channel=run.actor.channel,
            account=_account(run.plan) if muted else None,
            muted=tuple(str(each) for each in _many(facts["mute"])) if muted else (),
        )
    )
    return {"silence": run.operation, "until": ends_at(run)}


def _watch(run: Run, world: World) -> Progress:
    facts, mute = run.plan.facts, run.results.get("mute", {})
    lines = []
    if mute.get("rule"):
        lines = [f"CloudWatch is muted too, by the rule {mute['rule']}."]
    elif mute.get("refused"):
        lines = [f"CloudWatch is not muted: {mute['refused']} It is silent in Slack and PagerDuty only."]
    said = (
        f"{facts['name']} is silenced until {ends.in_words(ends_at(run))} by {facts['by']}, because: {facts['reason']}"
    )
    return Progress(stage=Stage.SUCCEEDED, headline=said, lines=tuple(lines))


silence = Command(
    name="silence",
    summary="Let an alarm, or a service's, wake nobody for a while",
    action="incident",
    args=SilenceArgs,
    plan=plan,
    examples=(
        "bi/api production 2h the new schema is rolled out",
        "bi-production-api-latency-p95 until 18:00 load test",
        "bi/api production 1h everywhere network maintenance",
    ),
    strategies={"silence": Strategy(effects=_effects, watch=_watch, soaks=False)},
)
