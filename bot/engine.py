"""Claims due rows, runs one transition each, saves, fenced.

A *machine* knows the states of one kind of row. The engine owns threads, leases and backoff and knows
nothing of what the rows mean. APScheduler's tick and every added row or signal wake it; rows that wait
belong to nobody and cost nothing.
"""

from __future__ import annotations

import logging
import math
import secrets
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from bot.arrivals import ANSWER_FIRST, Arrivals
from bot.errors import BotError, UpstreamError
from bot.ports import Clock
from bot.rows import LeaseLostError, LockHeldError, NewRow, Received, Row, Signal, Step, Store

log = logging.getLogger("bot.engine")

LEASE_SECONDS = 60.0
EFFECT_SECONDS = 45.0
"""The longest an effect may take with every retry of its client; none starts on less lease than this."""
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
BUG_ATTEMPTS = 4
SET_BACK = 1.0
"""Seconds by which the clock must go back before anything is done about it."""


class Lease:
    """A worker's hold on the row it is working on."""

    def __init__(self, store: Store, clock: Clock, row: Row) -> None:
        self._store = store
        self._clock = clock
        self._row = row
        self._until = row.lease_until or 0.0

    def before_effect(self) -> None:
        """Call right before changing the world. Raises LeaseLostError when the row is no longer ours."""
        now = self._clock.now()
        if self._until - now >= EFFECT_SECONDS:
            return
        self.renew()

    def renew(self) -> None:
        """Hold on for another lease. Raises LeaseLostError when another worker took over."""
        now = self._clock.now()
        if not self._store.renew(self._row, lease=LEASE_SECONDS, now=now):
            raise LeaseLostError(self._row.id)
        self._until = now + LEASE_SECONDS


class Machine(ABC):
    """The states of one kind of row."""

    kind: str
    is_urgent = False
    """Whether rows of this kind go before others: what people wait for at once, and what leads there."""

    def patience(self, row: Row) -> int:
        """How many attempts the row's transition gets while the world says "later" before it is given up."""
        return 2 * len(BACKOFF_SECONDS)

    @abstractmethod
    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Run the transition of the row's state. BotErrors and bugs are dealt with by the engine."""

    @abstractmethod
    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """Where the row goes when its transition cannot succeed; the error is written for people."""

    def meanwhile(self, row: Row, error: UpstreamError) -> tuple[NewRow, ...]:
        """What people are told while a transition is being tried again; nothing by default."""
        return ()

    def lost_race(self, row: Row, signals: list[Received], error: LockHeldError) -> Step:
        """Where the row goes when another row took the lock it wanted; only some kinds take locks."""
        raise error


class Engine:
    """Runs machines over a store with a pool of threads until stopped."""

    def __init__(self, store: Store, clock: Clock, machines: Mapping[str, Machine], *, workers: int = 20) -> None:
        self._store = store
        self._clock = clock
        self._machines = machines
        self._urgent = [kind for kind, machine in machines.items() if machine.is_urgent]
        self._workers = workers
        self._owner = secrets.token_hex(4)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="engine")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._busy = 0
        # So that what was stored by a clock that was ahead is found at the first look, too.
        self._seen = math.inf
        self._arrivals = Arrivals()
        self._idle = threading.Condition()
        self._held: dict[str, Lease] = {}
        self._thread = threading.Thread(target=self._dispatch, name="engine", daemon=True)

    def start(self) -> None:
        """Begin to work on due rows."""
        self._thread.start()

    def poke(self) -> None:
        """Something may be due now."""
        self._wake.set()

    def add(self, new: NewRow, *, safe: bool = True) -> tuple[Row, bool]:
        """Store a row and wake up; see ``Store.add``."""
        added = self._store.add(new, self._clock.now(), safe=safe)
        self._arrivals.count()
        self.poke()
        return added

    def arrived(self, many: int) -> None:
        """So many are at a door that stores them itself, and work waits until they are answered."""
        self._arrivals.count(many)

    def signal(self, row_id: str, signal: Signal) -> bool:
        """Tell a row something and wake up; see ``Store.signal``."""
        told = self._store.signal(row_id, signal, self._clock.now())
        self.poke()
        return told

    def now(self) -> float:
        """What the clock says."""
        return self._clock.now()

    def knows(self, row_id: str) -> bool:
        """True when there is such a row."""
        return self._store.get(row_id) is not None

    def stop(self, seconds: float) -> bool:
        """Take no more work and wait for what is running; False when it did not end in time."""
        until = time.monotonic() + seconds
        self._stopping.set()
        self.poke()
        if self._thread.is_alive():
            self._thread.join(seconds)
        with self._idle:
            ended = self._idle.wait_for(lambda: self._busy == 0, max(0.0, until - time.monotonic()))
        self._pool.shutdown(wait=ended, cancel_futures=True)
        return ended

    def keep(self) -> None:
        """Renew the leases of what is running (called by the tick); a lost one is dropped."""
        for row_id, lease in list(self._held.items()):
            try:
                lease.renew()
            except LeaseLostError:
                self._held.pop(row_id, None)

    def run_due(self, *, limit: int = 100) -> int:
        """Run what is due now in this thread, until nothing is; how many transitions. For tests."""
        ran = 0
        while ran < limit:
            rows = self._claim(1)
            if not rows:
                return ran
            self._advance(rows[0])
            ran += 1
        return ran

    def _claim(self, free: int) -> list[Row]:
        """Rows that are due. Half of the room is for what is urgent; a Slack that hangs must not hold up everything."""
        now = self._clock.now()
        self._mind_the_clock(now)
        rows = self._claim_of(self._urgent, (free + 1) // 2, now) if self._urgent else []
        return rows + (self._claim_of(list(self._machines), free - len(rows), now) if len(rows) < free else [])

    def _claim_of(self, kinds: list[str], limit: int, now: float) -> list[Row]:
        return self._store.claim(kinds, owner=self._owner, lease=LEASE_SECONDS, limit=limit, now=now)

    def _mind_the_clock(self, now: float) -> None:
        """The machine's clock may be set: what is held stays held, and nothing waits for a time it was ahead by."""
        before, self._seen = self._seen, now
        if now > before + LEASE_SECONDS / 4:
            self.keep()
        elif now < before - SET_BACK:
            hastened = self._store.hasten(now)
            if hastened:
                log.warning("the clock was set back", extra={"rows": hastened})

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = self._arrivals.work_in() or (0.0 if self._start_due() else self._until_due())
            except Exception:
                log.exception("the store cannot be read")
                pause = 1.0
            if pause and self._arrivals.calm_in() > 0:
                self._stopping.wait(min(pause, ANSWER_FIRST))
            elif pause:
                self._wake.wait(pause)

    def _start_due(self) -> int:
        with self._idle:
            free = self._workers - self._busy
        if self._arrivals.calm_in() > 0:
            free = min(free, 1)
        rows = self._claim(free) if free > 0 else []
        if rows:
            self._arrivals.work_began()
        for row in rows:
            with self._idle:
                self._busy += 1
            self._pool.submit(self._work, row)
        return len(rows)

    def _until_due(self) -> float:
        with self._idle:
            if self._busy >= self._workers:
                return 1.0
        due = self._store.next_due()
        return 1.0 if due is None else min(1.0, max(0.005, due - self._clock.now()))

    def _work(self, row: Row) -> None:
        began = time.thread_time()
        try:
            self._advance(row)
        finally:
            with self._idle:
                self._arrivals.work_took(time.thread_time() - began)
                self._busy -= 1
                self._idle.notify_all()
            self.poke()

    def _advance(self, row: Row) -> None:
        lease = self._held[row.id] = Lease(self._store, self._clock, row)
        where = {"row": row.id, "kind": row.kind, "state": row.state}
        try:
            self._move(self._machines[row.kind], row, lease)
        except LeaseLostError:
            log.warning("lease lost", extra=where)
        except Exception:
            # Neither moved nor given up, most likely because the store failed: tried again when the lease ends.
            log.exception("stuck until its lease ends", extra=where)
        finally:
            self._held.pop(row.id, None)

    def _move(self, machine: Machine, row: Row, lease: Lease) -> None:
        signals = self._store.pending(row.id)
        try:
            step = machine.advance(row, signals, lease)
        except LeaseLostError:
            raise
        except UpstreamError as error:
            self._again(machine, row, signals, error)
            return
        except BotError as error:
            step = machine.give_up(row, signals, error)
        except Exception:
            self._bug(machine, row, signals)
            return
        try:
            self._save(row, step)
        except LockHeldError as error:
            self._save(row, machine.lost_race(row, signals, error))

    def _save(self, row: Row, step: Step) -> None:
        self._store.save(row, step, self._clock.now())
        if step.state != row.state:
            log.info("moved", extra={"row": row.id, "kind": row.kind, "from": row.state, "to": step.state})

    def _again(self, machine: Machine, row: Row, signals: list[Received], error: UpstreamError) -> None:
        if not error.retryable or row.attempts >= machine.patience(row):
            self._save(row, machine.give_up(row, signals, error))
            return
        pause = error.retry_after or BACKOFF_SECONDS[min(row.attempts, len(BACKOFF_SECONDS)) - 1]
        log.warning("will try again", extra={"row": row.id, "kind": row.kind, "seconds": pause, "error": error.message})
        now = self._clock.now()
        for new in machine.meanwhile(row, error):
            self._store.add(new, now)
        self._store.postpone(row, now + pause, now)

    def _bug(self, machine: Machine, row: Row, signals: list[Received]) -> None:
        reference = secrets.token_hex(4)
        extra = {"row": row.id, "kind": row.kind, "state": row.state, "reference": reference}
        log.error("bug", exc_info=sys.exc_info(), extra=extra)
        now = self._clock.now()
        if row.attempts < BUG_ATTEMPTS:
            self._store.postpone(row, now + BACKOFF_SECONDS[row.attempts - 1], now)
            return
        said = BotError(f"Something went wrong inside the bot (reference {reference}).", hint="It is in the log.")
        self._save(row, machine.give_up(row, signals, said))
