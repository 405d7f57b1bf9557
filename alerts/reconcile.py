"""Asks CloudWatch whether what is known of alarms is so: a notification may be lost, and none is ever sent twice.

CloudWatch notifies on transitions only. An ALARM that never arrived would stay unseen, and an OK that never arrived
would leave its thread open; both are found by asking, and stored like a notification. So is that an alarm which fires
was deleted or renamed: CloudWatch tells nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from alerts.alarms import KIND
from alerts.intake import accept
from bot.catalog import alarm_accounts
from bot.cloud import AlarmReading, Contributor
from bot.domain import Account, Alarm, AlarmState
from bot.errors import BotError, UpstreamError
from bot.intake.fields import mapping, prose
from bot.intake.metric import metric_of
from bot.intake.parse import series_of
from bot.ports import World
from bot.rows import Row, Store

log = logging.getLogger("alerts.reconcile")

GRACE_SECONDS = 90.0
"""How old a state must be before it is missed: notifications take seconds, and a queue's retry a minute."""
MOST = 1_000
"""Rows of alarms looked at in one go."""
SLOWEST_SECONDS = 960.0
"""The longest an account that throttles is left alone."""
FIRST_SECONDS = 60.0
FIRING = "firing"
GONE = "CloudWatch no longer has this alarm."
_WELL = {"OK": AlarmState.OK, "INSUFFICIENT_DATA": AlarmState.INSUFFICIENT_DATA}


class Reconciler:
    """Compares alarms with CloudWatch, an account and region at a time; run it every minute or two."""

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world
        self._rests: dict[Account, tuple[float, float]] = {}
        self._numbers: dict[str, str] = {}
        """The number of the account behind each role, as its alarms' ARNs told."""

    def run(self, now: float) -> int:
        """How many notifications were made up for. Never raises a BotError: an account's errors are its own."""
        found = 0
        for account, names in _asked(self._store, self._world).items():
            pause, until = self._rests.get(account, (0.0, 0.0))
            if now < until:
                continue
            try:
                found += self._compare(account, names, now)
            except BotError as error:
                log.warning("alarms cannot be compared", extra={"region": account.region, "reason": error.message})
                if isinstance(error, UpstreamError) and error.retryable:
                    pause = min(SLOWEST_SECONDS, pause * 2 or FIRST_SECONDS)
                    self._rests[account] = pause, now + pause
            else:
                self._rests.pop(account, None)
        return found

    def _compare(self, account: Account, names: Sequence[str], now: float) -> int:
        found = 0
        readings = self._world.metrics.alarms(account, names) if names else ()
        for reading in readings:
            self._numbers[account.role_arn] = reading.arn.split(":", 5)[4]
            found += self._take(account, reading, now)
        for gone in self._gone(account, set(names) - {reading.name for reading in readings}, now):
            found += self._accept(gone, now)
        for reading in self._world.metrics.in_alarm(account):
            # What notifies nobody is nobody's alarm: Auto Scaling's own are red whenever there is little to do.
            if reading.notifies and reading.name not in names:
                found += self._take(account, reading, now)
        return found

    def _take(self, account: Account, reading: AlarmReading, now: float) -> int:
        return sum(self._accept(missed, now) for missed in self._missed(account, reading, now))

    def _gone(self, account: Account, names: Collection[str], now: float) -> Iterator[_Missed]:
        """What fires and is no longer there; of each series by itself."""
        for name in sorted(names):
            for row in self._store.rows(KIND, states=(FIRING,), group=name, limit=MOST):
                since = float(row.body.get("at", now))
                if self._lives_in(account, row) and now - since >= GRACE_SECONDS:
                    yield _Missed(_gone(row, now), f"gone:{since:.3f}")

    def _lives_in(self, account: Account, row: Row) -> bool:
        """Whether it was this account that was asked: another one's alarm would be missing here too."""
        parts = row.key.split(":", 6)
        if len(parts) < 7 or parts[2:4] != ["cloudwatch", account.region]:
            return False
        number = account.role_arn.split(":", 5)[4] if account.role_arn else self._numbers.get("", "")
        if number:
            return parts[4] == number
        # Nothing has told the number of the bot's own account yet; where no role leads to another it is the only one.
        return not any(target.account.role_arn for target in self._world.catalog.targets)

    def _accept(self, missed: _Missed, now: float) -> bool:
        alarm = missed.alarm
        made_up = accept(self._store, alarm, f"asked:{alarm.arn}:{missed.mark}", "", now)
        if made_up:
            log.warning("found by asking", extra={"alarm": alarm.name, "state": str(alarm.state)})
        return made_up

    def _missed(self, account: Account, reading: AlarmReading, now: float) -> Iterator[_Missed]:
        known = _known(self._store, reading)
        if reading.several or any(contributor for contributor in known):
            yield from self._missed_series(account, reading, known, now)
            return
        row = known.get("")
        if now - reading.updated_at < GRACE_SECONDS or _knows_better(row, reading.updated_at):
            return
        firing = row is not None and row.state == FIRING
        if reading.state == AlarmState.ALARM and not firing and not reading.silent:
            yield _Missed(_alarm(reading, AlarmState.ALARM, reading.updated_at), f"{reading.updated_at:.3f}")
        elif reading.state in _WELL and firing:
            yield _Missed(_alarm(reading, _WELL[reading.state], reading.updated_at), f"{reading.updated_at:.3f}")

    def _missed_series(
        self, account: Account, reading: AlarmReading, known: dict[str, Row], now: float
    ) -> Iterator[_Missed]:
        """The same of an alarm whose series notify one by one; which of them are in ALARM has to be asked."""
        series = self._world.metrics.contributors(account, reading.name) if reading.state == AlarmState.ALARM else ()
        in_alarm = set()
        for each in series:
            name = _series(each, known)
            in_alarm.add(name)
            row = known.get(name)
            firing = row is not None and row.state == FIRING
            old = now - each.since >= GRACE_SECONDS and not _knows_better(row, each.since)
            if old and not firing and not reading.silent:
                yield _Missed(_alarm(reading, AlarmState.ALARM, each.since, name, each), f"{each.since:.3f}")
        for name, row in known.items():
            if not name and reading.state == AlarmState.ALARM:
                continue  # EventBridge told of the alarm as a whole, and it is so
            since = float(row.body.get("at", now))
            if row.state == FIRING and name not in in_alarm and now - since >= GRACE_SECONDS:
                # When the series went back is told nowhere; what is certain is that it has.
                state = _WELL.get(reading.state, AlarmState.OK)
                yield _Missed(_alarm(reading, state, now, name), f"{since:.3f}:over")


def reconcile(store: Store, world: World, now: float) -> int:
    """Compare every configured alarm, and those that fire, once; how many notifications were made up for."""
    return Reconciler(store, world).run(now)


@dataclass(frozen=True)
class _Missed:
    """A notification that should have come; ``mark`` tells it from others of the same alarm."""

    alarm: Alarm
    mark: str


def _asked(store: Store, world: World) -> dict[Account, list[str]]:
    """Names of alarms by where they live, everywhere something is: those of the configuration, and those that fire."""
    asked: dict[Account, dict[str, None]] = {}
    by_region: dict[str, Account] = {}
    for target in world.catalog.targets:
        by_region.setdefault(target.account.region, target.account)
        for account in alarm_accounts(target):
            asked.setdefault(account, {}).update((alarm.name, None) for alarm in target.service.alarms)
    for row in store.rows(KIND, states=(FIRING,), limit=MOST):
        parts = row.key.split(":", 6)
        if len(parts) < 7 or parts[2] != "cloudwatch":
            continue
        listed = world.catalog.by_alarm(row.group, parts[3])
        account = listed[0].account if listed else by_region.get(parts[3], Account(region=parts[3]))
        asked.setdefault(account, {})[row.group] = None
    return {account: list(names) for account, names in asked.items()}


def _known(store: Store, reading: AlarmReading) -> dict[str, Row]:
    """The rows of an alarm by the series they are about; "" is the alarm itself."""
    rows = store.rows(KIND, group=reading.name, limit=MOST)
    start = f"{reading.arn}#"
    return {row.key.removeprefix(start): row for row in rows if row.key.startswith(start)}


def _knows_better(row: Row | None, at: float) -> bool:
    """Whether something younger was heard already; then the answer is old, and the next one will be better."""
    return row is not None and float(row.body.get("at", 0.0)) > at


def _series(found: Contributor, known: dict[str, Row]) -> str:
    """What a series is called in notifications: by its id or, where they carried none, by its attributes."""
    described = ", ".join(f"{key}={found.attributes[key]}" for key in sorted(found.attributes))
    return described if found.id not in known and described in known else found.id


def _gone(row: Row, now: float) -> Alarm:
    """What is told of an alarm that no longer exists: what was last heard of it, without a state."""
    unknown = {"state": AlarmState.INSUFFICIENT_DATA, "reason": GONE, "at": now, "source": "asked"}
    if row.body.get("last"):
        return Alarm.model_validate(row.body["last"]).model_copy(update={"previous": AlarmState.ALARM, **unknown})
    parts = row.key.split(":", 6)
    series = parts[6].removeprefix(row.group).removeprefix("#")
    arn = row.key.removesuffix(f"#{series}")
    return Alarm(arn=arn, name=row.group, account=parts[4], region=parts[3], contributor=series, **unknown)


def _alarm(
    reading: AlarmReading, state: AlarmState, at: float, series: str = "", found: Contributor | None = None
) -> Alarm:
    parts = [*reading.arn.split(":", 6), "", "", "", "", "", ""]
    return Alarm(
        arn=reading.arn,
        name=reading.name,
        state=state,
        reason=prose(found.reason if found else reading.reason),
        description=prose(reading.description),
        at=at,
        account=parts[4],
        region=parts[3],
        metric=metric_of(mapping(reading.definition), found.attributes if found else {}),
        contributor=series,
        series=series_of(found.attributes) if found else "",
        source="asked",
    )
