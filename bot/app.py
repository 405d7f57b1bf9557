"""Composition root: builds everything once; the only module that knows every other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from alerts import graph
from alerts.advice import Advisor
from alerts.alarms import Alarms
from alerts.asks import Asks
from alerts.auditor import complaints
from alerts.diagnosis import Diagnoses
from alerts.digest import Digests
from alerts.digest import owe as owe_digests
from alerts.front import Front
from alerts.illustrations import Illustrate, illustrations, without_pictures
from alerts.incidents import Incidents
from alerts.intake import accept_all
from alerts.mails import Mails, writing
from alerts.maintenance import Maintenance, expect_maintenance
from alerts.page_events import accept_event
from alerts.pages import Pages
from alerts.pins import Pins
from alerts.playbook import Playbook
from alerts.playbooks import Playbooks
from alerts.reconcile import Reconciler
from alerts.record import REPORT
from alerts.report_file import maker
from alerts.shortcuts import Shortcuts
from alerts.silences import Silences
from alerts.standing import Standing
from alerts.triage import Triage
from bot import authz
from bot.answers import Answers
from bot.aws.errors import reach as reached
from bot.catalog import Catalog
from bot.changes import Changes
from bot.clock import SystemClock
from bot.desk import Desk
from bot.domain import Account, Person, Target
from bot.engine import Engine, Machine
from bot.errors import BotError
from bot.files import GRAPH, METRICS, Files, Maker
from bot.flow import UMBRELLA, Flow
from bot.forms import Forms
from bot.freezes import Freezes, Freezing
from bot.heartbeat import EVERY, Heartbeat
from bot.home import Home
from bot.intake.dead_letters import DeadLetters
from bot.intake.delivery import Delivery
from bot.intake.sqs import WAIT_SECONDS, QueueReader
from bot.ledger import Ledger
from bot.operations import Operations
from bot.outside import Outside, reach
from bot.paging import Mailer, PageEvent
from bot.pictures import Pictures
from bot.ports import Clock, World
from bot.posts import Posts
from bot.prompts import Prompts
from bot.rows import Signal, Store
from bot.search.file import make_logs
from bot.search.shown import MAKER as LOGS
from bot.search.stopping import Unstopped, stop_later
from bot.settings import Settings
from bot.settings.environment import EnvironmentVariables
from bot.signals import picture as signals
from bot.store.sqlite import SqliteStore
from bot.submissions import Submissions
from bot.waiting import Waiting
from commands import COMMANDS

log = logging.getLogger("bot.app")

TICK_SECONDS = 1
LEASE_SECONDS = 15
HOUSEKEEPING_SECONDS = 3600
DIGEST_SECONDS = 60
DEAD_LETTERS_SECONDS = 60
RECONCILE_SECONDS = 90
STOP_SECONDS = 6.5
STUCK_SECONDS = 300
"""How long something may be due and not be taken up before the bot says that it is stuck."""


@dataclass
class Bot:
    """Everything that runs, put together; ``start`` and ``stop`` are the process's life."""

    settings: Settings
    environment: EnvironmentVariables
    store: Store
    clock: Clock
    world: World
    engine: Engine
    desk: Desk
    outside: Outside
    queues: QueueReader
    dead_letters: DeadLetters
    reconciler: Reconciler
    scheduler: BackgroundScheduler = field(init=False)

    def __post_init__(self) -> None:
        options: dict[str, Any] = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self.scheduler = BackgroundScheduler(
            timezone="UTC", executors={"default": ThreadPoolExecutor(4)}, job_defaults=options
        )
        self.scheduler.add_job(self.engine.poke, "interval", seconds=TICK_SECONDS)
        self.scheduler.add_job(self.engine.keep, "interval", seconds=LEASE_SECONDS)
        self.scheduler.add_job(self._forget, "interval", seconds=HOUSEKEEPING_SECONDS)
        self.scheduler.add_job(self._digest, "interval", seconds=DIGEST_SECONDS)
        heartbeat = Heartbeat(
            *(self.environment.heartbeat_url, self.outside.web, self.audit),
            store=self.store,
            clock=self.clock,
            channel=lambda: self.settings.bot.default_channel,
        )
        self.scheduler.add_job(heartbeat.beat, "interval", seconds=EVERY)
        self.scheduler.add_job(self.dead_letters.look, "interval", seconds=DEAD_LETTERS_SECONDS)
        self.scheduler.add_job(self._reconcile, "interval", seconds=RECONCILE_SECONDS)

    def audit(self) -> list[str]:
        """Sentences for what is wrong with the bot itself; while there is one no heartbeat goes out."""
        due = self.store.next_due()
        stuck = due is not None and self.clock.now() - due > STUCK_SECONDS
        late = ["Work that has been due for minutes is not being done."] if stuck else []
        return late + complaints(self.store, self.clock.now())

    def _learn_channels(self) -> None:
        """Slack is asked for its channels ahead: what is typed must be understood without waiting for it."""
        try:
            self.outside.chat.channel_id(self.world.catalog.targets[0].channel)
        except BotError as error:
            log.warning("channels are not known yet", extra={"error": error.message})

    def _digest(self) -> None:
        now = self.clock.now()
        owe_digests(self.engine, self.settings.systems, self.settings.bot, self.settings.calendar, now)

    def _forget(self) -> None:
        gone = self.store.forget(self.clock.now() - self.settings.bot.retention)
        if gone:
            log.info("old rows forgotten", extra={"count": gone})

    def _reconcile(self) -> None:
        if self.reconciler.run(self.clock.now()):
            self.engine.poke()

    def accept(self, deliveries: Sequence[Delivery]) -> list[bool | Exception]:
        """Store what alarms tell; of each False when it is known, or why it could not be stored."""
        self.engine.arrived(len(deliveries))
        found = accept_all(self.store, deliveries, self.settings.bot.default_channel, self.clock.now())
        self.engine.poke()
        return found

    def accept_event(self, event: PageEvent) -> bool:
        """Store what PagerDuty tells; False when it means nothing here. Raises when it could not be stored."""
        return accept_event(self.store, self.engine.signal, event, self.clock.now())

    def confirm_subscription(self, topic_arn: str, token: str, region: str) -> None:
        """ConfirmSubscription through the API, never by visiting a URL."""
        sns = self.outside.sessions.client(Account(region=region), "sns")
        sns.confirm_subscription(TopicArn=topic_arn, Token=token, AuthenticateOnUnsubscribe="true")

    def start(self) -> None:
        """Begin to work."""
        self.store.release()
        expect_maintenance(self.store, self.settings.calendar, self.clock.now())
        self.engine.start()
        self.scheduler.start()
        threading.Thread(target=self._learn_channels, name="channels", daemon=True).start()
        self.queues.start()

    def stop(self) -> bool:
        """Stop taking work, finish or release what is held; False when something did not end in time."""
        self.scheduler.shutdown(wait=False)
        self.queues.stop(0.5)
        ended = self.engine.stop(STOP_SECONDS)
        if ended:
            self.store.release()
        return ended

    def degraded(self, socket_connected: bool = True) -> list[str]:
        """Names of what cannot be reached right now; the bot goes on without."""
        found = [f"sqs {url}" for url, status in self.queues.status.items() if status.reachable is False]
        found += [f"dlq {dead.name}" for dead in self.dead_letters.waiting]
        if not socket_connected or self.outside.chat.away:
            found.append("slack")
        if reached.away:
            found.append("aws")
        if self.outside.pager.away:
            found.append("pagerduty")
        return found


def slash_names(settings: Settings) -> dict[str, str]:
    """The registered slash command of each command that has one, and of the umbrella."""
    names = [name for name in COMMANDS if name != "help"]
    return {name: settings.bot.registered_name(name) for name in (*names, UMBRELLA)}


def build(settings: Settings, environment: EnvironmentVariables, *, clock: Clock | None = None) -> Bot:
    """Put everything together. Raises StoreBusyError when another process has the database."""
    clock = clock or SystemClock()
    store = SqliteStore(Path(environment.bot_database_url.removeprefix("sqlite:///")))
    outside = reach(environment, clock)
    catalog = Catalog(settings.systems)
    slash = slash_names(settings)

    def may(person: Person, action: str, target: Target | None) -> bool:
        return authz.allowed(settings.access, person, action, target)

    def tell(operation: str, name: str, payload: Mapping[str, Any], key: str) -> bool:
        return engine.signal(operation, Signal(name, payload, key))

    books = {name: each for name, each in settings.playbooks.items() if isinstance(each, Playbook)}
    playbooks = Playbooks(books)
    world = outside.world(
        clock=clock,
        catalog=catalog,
        holds=Freezes(store, clock, settings.calendar),
        commands=COMMANDS,
        slash=slash,
        recent=Ledger(store),
        silences=Standing(store, clock),
        may=may,
        tell=tell,
        stop_later=partial(stop_later, store, clock),
        advice=Advisor(playbooks, COMMANDS),
    )
    home = Account(region=settings.systems[0].region)
    illustrate = illustrations(world, outside.pictures(home)) if outside.images_bucket else without_pictures
    engine = Engine(store, clock, _machines(store, world, settings, playbooks, outside.mailer, illustrate))

    def is_here(target: Target, channel: str) -> bool:
        return outside.chat.is_channel(channel, target.channel)

    flow = Flow(engine, catalog, COMMANDS, slash, world.recent.lately, is_here)
    desk = Desk(
        *(engine, flow, Submissions(engine, flow, COMMANDS), Front(engine, store), Answers(engine, store, flow)),
        Shortcuts(engine, store, catalog, flow),
    )

    def queue_client(url: str) -> Any:
        host = url.rsplit("//", maxsplit=1)[-1]
        region = host.split(".")[1] if ".amazonaws.com" in url else settings.systems[0].region
        return outside.sessions.client(Account(region=region), "sqs", read_timeout=WAIT_SECONDS + 5)

    bot: Bot
    queues = QueueReader(environment.bot_sqs_queue_urls, queue_client, lambda found: bot.accept(found), clock)  # noqa: PLW0108 - bot comes after it
    dead_letters = DeadLetters(
        environment.bot_sqs_queue_urls, queue_client, engine.add, settings.bot.default_channel, clock
    )
    reconciler = Reconciler(store, world)
    bot = Bot(*(settings, environment, store, clock, world, engine, desk, outside), queues, dead_letters, reconciler)
    return bot


def _machines(
    store: Store, world: World, settings: Settings, playbooks: Playbooks, mailer: Mailer, illustrate: Illustrate
) -> dict[str, Machine]:
    makers: dict[str, Maker] = {
        GRAPH: graph.make,
        METRICS: signals.make,
        REPORT: maker(store, settings.bot),
        LOGS: make_logs,
    }
    machines: tuple[Machine, ...] = (
        Operations(store, world, settings.access, settings.bot.timings),
        Posts(store, world.clock, world.chat, lambda: settings.bot.default_channel),
        Forms(store, world),
        Prompts(store, world),
        Alarms(store, world),
        Triage(store, world, settings.bot),
        Incidents(store, world, settings.access, settings.bot, settings.calendar, playbooks),
        Asks(store, world),
        Diagnoses(world, playbooks, settings.bot),
        Pages(store, world, illustrate),
        Mails(world.clock, mailer, Account(region=settings.systems[0].region), writing(store, world, settings.bot)),
        Files(store, world, makers),
        Pictures(world, makers),
        Waiting(store, world),
        Unstopped(world),
        Pins(store, world),
        Digests(store, world),
        Home(store, world),
        Changes(store, world),
        Silences(store, world, settings.bot.default_channel),
        Maintenance(world, settings.calendar),
        Freezing(store, world.clock, world.chat, world.catalog, lambda: settings.bot.default_channel),
    )
    return {machine.kind: machine for machine in machines}
