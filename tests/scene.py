"""The real core over a real store, with fakes at the ports: what most tests of it begin with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alerts import graph
from alerts.advice import Advisor
from alerts.alarms import Alarms
from alerts.asks import Asks
from alerts.diagnosis import Diagnoses
from alerts.digest import Digests
from alerts.front import Front
from alerts.illustrations import Illustrate, without_pictures
from alerts.incidents import Incidents
from alerts.intake import accept
from alerts.mails import Mails, writing
from alerts.maintenance import Maintenance, expect_maintenance
from alerts.pages import Pages
from alerts.pins import Pins
from alerts.playbook import Playbook
from alerts.playbooks import Playbooks
from alerts.record import REPORT
from alerts.report_file import maker
from alerts.shortcuts import Shortcuts
from alerts.silences import Silences
from alerts.standing import Standing
from alerts.triage import Triage
from bot import authz
from bot.answers import Answers
from bot.catalog import Catalog
from bot.changes import Changes
from bot.command import Command
from bot.desk import Desk
from bot.domain import (
    Account,
    Actor,
    Alarm,
    AlarmState,
    Environment,
    Health,
    Person,
    Service,
    ServiceAlarm,
    System,
    Target,
)
from bot.engine import Engine
from bot.files import GRAPH, METRICS, Files, Maker
from bot.flow import Flow
from bot.forms import Forms
from bot.holds import Hold, HoldKind
from bot.home import Home
from bot.ledger import Ledger
from bot.operation import Operation, card_key
from bot.operations import Operations
from bot.pictures import Pictures
from bot.ports import Gather, Message, World
from bot.posts import Posts
from bot.prompts import Prompts
from bot.rows import Row, Signal
from bot.search.stopping import Unstopped, stop_later
from bot.settings.calendar import CalendarConfig
from bot.settings.models import AccessConfig, BotConfig, Role, Rule
from bot.signals import picture as signals
from bot.store.sqlite import SqliteStore
from bot.submissions import Submissions
from bot.waiting import Waiting
from commands import COMMANDS
from tests.fake_aws import FakeEcs, a_definition
from tests.fake_cloudwatch import FakeLogs, FakeMetrics, FakeMutes
from tests.fake_paging import FakeMailer, FakePager
from tests.fake_reach import FakeCaches, FakeCertificates, FakeDatabases, FakeNames, FakeNetwork, FakeRoles
from tests.fake_shipping import (
    FakeBuilds,
    FakeCodeDeploy,
    FakeFunctions,
    FakeHolds,
    FakeNeeds,
    FakeScalings,
    FakeSites,
)
from tests.fake_telemetry import FakeBalancers, FakeInsights, FakeLogExports, FakeQueues, FakeTraces, FakeTrail
from tests.fakes import FakeChat, FakeClock, FakeWeb, Shown, buttons, serially

ALICE, BOB, CARA, DAVE, EVE, GUS, ROBOT = "U0ALICE", "U0BOB", "U0CARA", "U0DAVE", "U0EVE", "U0GUS", "U0ROBOT"
REPOSITORY = "1.dkr.ecr.r.amazonaws.com/api"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
HEALTH = "https://api.example.com/health"
SLASH = {"services": "services", "deploy": "deploy", "rollback": "rollback", "ops": "ops"}
PLAYBOOK = {
    "title": "Default",
    "steps": [
        {"do": each} for each in ("stopped_tasks", "log_errors", "alarm_metric", "target_health", "recent_changes")
    ],
}


def the_systems(more: Mapping[str, Any] = MappingProxyType({})) -> tuple[System, ...]:
    """One system with a service of each kind, and a staging without health address; ``more`` is production's."""
    alarms = (
        ServiceAlarm.model_validate({"name": "api-down", "severity": "critical"}),
        ServiceAlarm.model_validate({"name": "api-errors", "severity": "high"}),
    )
    production = {
        "api": Service.model_validate({"kind": "ecs", "cluster": "c", "health": Health(url=HEALTH), "alarms": alarms}),
        "jobs": Service.model_validate(
            {"kind": "lambda", "function": "jobs", "alarms": [{"name": "jobs-errors", "severity": "high"}]}
        ),
        "web": Service.model_validate({"kind": "static_site", "bucket": "web"}),
    }
    staging = {"api": Service.model_validate({"kind": "ecs", "cluster": "c-staging"})}
    return (
        System(
            system="bi",
            title="BI platform",
            channel="#bi",
            region="eu-west-1",
            environments={
                "production": Environment.model_validate({"production": True, "services": production, **more}),
                "staging": Environment(services=staging),
            },
        ),
    )


ACCESS = AccessConfig(
    roles={"on-call": Role(groups=("S0ONCALL",)), "chiefs": Role(users=("U0CARA",))},
    allow=(
        Rule(action="read", roles=("anyone",)),
        *(Rule(action=action, roles=("on-call",)) for action in ("deploy", "rollback", "scale", "restart", "cancel")),
        Rule(action="logs", roles=("on-call",)),
        Rule(action="freeze", roles=("on-call",)),
        Rule(action="override", roles=("chiefs",)),
        Rule(action="incident", roles=("on-call",)),
    ),
)


def the_people() -> dict[str, Person]:
    """Alice, Bob and Cara, a chief, are on call, Dave is not; Eve is from another company, Gus a guest, Robot a bot."""
    on_call = frozenset({"S0ONCALL"})
    return {
        ALICE: Person(user=ALICE, name="alice", groups=on_call),
        BOB: Person(user=BOB, name="bob", groups=on_call),
        CARA: Person(user=CARA, name="cara", groups=on_call),
        DAVE: Person(user=DAVE, name="dave"),
        EVE: Person(user=EVE, name="eve", is_stranger=True, groups=on_call),
        GUS: Person(user=GUS, name="gus", is_guest=True, groups=on_call),
        ROBOT: Person(user=ROBOT, name="robot", is_bot=True, groups=on_call),
    }


class Scene:
    """Everything wired together; ``run`` works until nothing is due at this moment."""

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any] | None = None,
        access: AccessConfig = ACCESS,
        commands: Mapping[str, Command] = COMMANDS,
        production: Mapping[str, Any] | None = None,
        catalog: Catalog | None = None,
        illustrate: Illustrate = without_pictures,
        calendar: Mapping[str, Any] | None = None,
        gather: Gather = serially,
        workers: int = 2,
        more_makers: Mapping[str, Maker] | None = None,
    ) -> None:
        self.clock, self.folder = FakeClock(), folder
        self.store = SqliteStore(folder / "bot.db")
        self.chat, self.ecs, self.logs, self.metrics = FakeChat(), FakeEcs(), FakeLogs(), FakeMetrics()
        self.web, self.pager, self.mailer = FakeWeb(), FakePager(), FakeMailer()
        self.code_deploy, self.scaling, self.functions = FakeCodeDeploy(), FakeScalings(), FakeFunctions()
        self.sites, self.builds, self.needs, self.holds = FakeSites(self.clock), FakeBuilds(), FakeNeeds(), FakeHolds()
        self.databases, self.caches, self.names = FakeDatabases(), FakeCaches(), FakeNames()
        self.certificates, self.network, self.roles = FakeCertificates(), FakeNetwork(), FakeRoles()
        self.insights, self.queues, self.traces = FakeInsights(), FakeQueues(), FakeTraces()
        self.trail, self.balancers, self.log_exports = FakeTrail(), FakeBalancers(), FakeLogExports()
        self.mutes, self.silences = FakeMutes(), Standing(self.store, self.clock)
        self.chat.people = the_people()
        self.chat.channels = {"#bi": "C0BI", "#ops": "C0OPS"}
        self.calendar = CalendarConfig.model_validate(calendar or {})
        self.settings = BotConfig.model_validate({"default_channel": "#ops", **(settings or {})})
        self.catalog = catalog or Catalog(the_systems(production or {}))
        self.api = self.target("bi/production/api")
        self.ecs.add(self.api, a_definition("api", 7, f"{REPOSITORY}:v1", {}))
        self.ecs.add(self.target("bi/staging/api"), a_definition("api-staging", 3, f"{REPOSITORY}:v1", {}))
        self.ecs.add_image(REPOSITORY, OLD, "v1")
        self.ecs.add_image(REPOSITORY, NEW, "v2")
        self.metrics.states = {"api-down": "OK", "api-errors": "OK"}
        playbooks = Playbooks({"default": Playbook.model_validate(PLAYBOOK)})
        self.world = World(
            clock=self.clock,
            catalog=self.catalog,
            chat=self.chat,
            ecs=self.ecs,
            logs=self.logs,
            metrics=self.metrics,
            web=self.web,
            pager=self.pager,
            gather=gather,
            commands=commands,
            code_deploy=self.code_deploy,
            scaling=self.scaling,
            functions=self.functions,
            sites=self.sites,
            builds=self.builds,
            needs=self.needs,
            holds=self.holds,
            slash=SLASH,
            recent=Ledger(self.store),
            may=lambda person, action, target: authz.allowed(access, person, action, target),
            tell=lambda operation, name, payload, key: self.engine.signal(operation, Signal(name, payload, key)),
            stop_later=partial(stop_later, self.store, self.clock),
            databases=self.databases,
            caches=self.caches,
            names=self.names,
            certificates=self.certificates,
            network=self.network,
            roles=self.roles,
            insights=self.insights,
            log_exports=self.log_exports,
            queues=self.queues,
            traces=self.traces,
            trail=self.trail,
            balancers=self.balancers,
            mutes=self.mutes,
            silences=self.silences,
            advice=Advisor(playbooks, commands),
        )
        makers = {
            GRAPH: graph.make,
            METRICS: signals.make,
            REPORT: maker(self.store, self.settings),
            **(more_makers or {}),
        }
        machines = (
            Operations(self.store, self.world, access, self.settings.timings),
            Posts(self.store, self.clock, self.chat, lambda: self.settings.default_channel),
            Forms(self.store, self.world),
            Prompts(self.store, self.world),
            Alarms(self.store, self.world),
            Triage(self.store, self.world, self.settings),
            Incidents(self.store, self.world, access, self.settings, self.calendar, playbooks),
            Asks(self.store, self.world),
            Diagnoses(self.world, playbooks, self.settings),
            Pages(self.store, self.world, illustrate),
            Mails(self.clock, self.mailer, Account(region="eu-west-1"), writing(self.store, self.world, self.settings)),
            Files(self.store, self.world, makers),
            Pictures(self.world, makers),
            Waiting(self.store, self.world),
            Unstopped(self.world),
            Pins(self.store, self.world),
            Digests(self.store, self.world),
            Home(self.store, self.world),
            Changes(self.store, self.world),
            Silences(self.store, self.world, self.settings.default_channel),
            Maintenance(self.world, self.calendar),
        )
        self.engine = Engine(self.store, self.clock, {machine.kind: machine for machine in machines}, workers=workers)
        expect_maintenance(self.store, self.calendar, self.clock.now())
        self.flow = Flow(
            *(self.engine, self.catalog, commands, SLASH, self.world.recent.lately),
            lambda target, channel: channel in (target.channel, self.chat.channels.get(target.channel)),
        )
        self.submissions = Submissions(self.engine, self.flow, commands)
        self.front = Front(self.engine, self.store)
        self.answers = Answers(self.engine, self.store, self.flow)
        self.shortcuts = Shortcuts(self.engine, self.store, self.catalog, self.flow)
        self.desk = Desk(self.engine, self.flow, self.submissions, self.front, self.answers, self.shortcuts)
        self._presses = 0

    def close(self) -> None:
        self.engine.stop(1)
        self.store.close()

    def target(self, key: str) -> Target:
        found = self.catalog.target(key)
        assert found is not None
        return found

    def run(self, seconds: float = 0.0) -> None:
        """Let time pass in steps of a second, doing what is due."""
        self.engine.run_due()
        for _ in range(round(seconds)):
            self.clock.advance(1.0)
            self.engine.run_due()

    # operations

    def type(self, slash: str, text: str, user: str = ALICE, channel: str = "C0BI") -> Message | None:
        """Type a slash command and let it be planned."""
        url = f"https://hooks.slack.example.com/{user}"
        said = self.flow.receive(slash, text, Actor(user=user, channel=channel), response_url=url)
        self.run(2)
        return said

    def operations(self) -> list[tuple[Row, Operation]]:
        return [(row, Operation.model_validate(row.body)) for row in self.store.rows("operation")]

    def operation(self) -> tuple[Row, Operation]:
        """The newest operation."""
        return self.operations()[0]

    def card(self, row_id: str = "") -> Shown:
        return self.chat.by_key(card_key(row_id or self.operation()[0].id))

    def press(self, action: str, user: str = ALICE, value: str = "", row_id: str = "") -> Message | None:
        """Press a button of the newest card as it is shown now; ``value`` is one kept from before."""
        carried = value or buttons(self.card(row_id).message)[f"operation:{action}"]
        self._presses += 1
        return self.flow.press(f"operation:{action}", carried, Actor(user=user), key=f"{user}:{self._presses}")

    def signal(self, name: str, user: str = ALICE, row_id: str = "", **payload: object) -> None:
        """What a prompt of the newest operation's card gives it."""
        self._presses += 1
        plan = self.operation()[1].plan
        seen = plan.fingerprint()[:16] if plan else ""
        told = Signal(name, {"user": user, "plan": seen, **payload}, key=f"{user}:{self._presses}")
        self.engine.signal(row_id or self.operation()[0].id, told)
        self.run(2)

    def freeze(self, reason: str) -> None:
        """Everything is frozen from now on."""
        self.holds.add(Hold(id=reason, kind=HoldKind.FREEZE, place="", reason=reason, since=self.clock.now()))

    def state(self, row_id: str = "") -> str:
        row = self.store.get(row_id or self.operation()[0].id)
        assert row is not None
        return row.state

    def propose(self, version: str = "v2", user: str = ALICE) -> str:
        """Type a deployment and let its plan be shown; the operation's id."""
        assert self.type("deploy", f"api production {version}", user=user) is None
        row, _ = self.operation()
        assert row.state == "proposed"
        return row.id

    def deploy(self, version: str = "v2") -> str:
        """A deployment on its way: confirmed, registered and updated; the operation's id."""
        row_id = self.propose(version)
        self.press("confirm")
        self.run()
        return row_id

    def said_to(self, user: str) -> list[Message]:
        """What one person alone was told."""
        mine = [w for w in self.chat.whispers if w.user == user or w.response_url.endswith(f"/{user}")]
        return [whisper.message for whisper in mine]

    # alarms

    def alarm(self, word: str, message: str, name: str = "api-down", at: float | None = None, **changes: Any) -> bool:
        """Deliver a notification that an alarm went to a state, now or ``at``; False when the message is known."""
        told = Alarm(
            arn=f"arn:aws:cloudwatch:eu-west-1:1:alarm:{name}",
            name=name,
            state=AlarmState(word),
            reason="Threshold Crossed: 1 datapoint was less than the threshold",
            at=self.clock.now() if at is None else at,
            region="eu-west-1",
        )
        known = told.model_copy(update=changes)
        return accept(self.store, known, message, self.settings.default_channel, self.clock.now())

    def incidents(self) -> list[Row]:
        return self.store.rows("incident")

    def headline(self) -> Shown:
        """The message of the only incident."""
        (row,) = self.incidents()
        return self.chat.by_key(f"inc:{row.id}:headline")

    def thread(self) -> list[Message]:
        (row,) = self.incidents()
        return [shown.message for shown in self.chat.thread(f"inc:{row.id}:headline")]

    def press_incident(self, action: str, user: str = ALICE) -> bool:
        (row,) = self.incidents()
        self._presses += 1
        key = f"{user}:{self._presses}"
        return self.front.press(f"incident:{action}", row.id, Actor(user=user), key=key) is None

    def say(self, text: str, user: str = ALICE) -> Message | None:
        """Mention the bot in the thread of the only incident."""
        headline = self.headline()
        self._presses += 1
        actor = Actor(user=user, channel=headline.channel)
        _, said = self.front.mentioned(text, actor, thread_ts=headline.ts, key=f"mention:{self._presses}")
        self.run(3)
        return said
