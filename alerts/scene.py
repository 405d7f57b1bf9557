"""An incident being moved on: what it becomes, and what it owes to Slack, PagerDuty and its own timeline."""

from __future__ import annotations

from dataclasses import dataclass, field

from alerts.escalation import ladder
from alerts.pages import page
from alerts.timeline import moment
from bot import authz
from bot.domain import Alarm, System, Target
from bot.errors import BotError
from bot.incident import ALARM, Incident, Phase, headline_key
from bot.ports import Message, World
from bot.posts import post, whisper
from bot.responses import Level, Response
from bot.rows import NewRow, Received, Row, Signal, Store
from bot.settings.calendar import CalendarConfig
from bot.settings.models import AccessConfig, BotConfig
from bot.views import blocks as b
from bot.views.operation import sentence


@dataclass
class Scene:
    """One transition of an incident; ``owed`` and ``signals`` are what it owes.

    A storm is taken in many notifications at a time: what each of them would say anew is said once, as it is at the
    end. ``lists_alarms`` asks for the reply that lists them all.
    """

    store: Store
    world: World
    access: AccessConfig
    settings: BotConfig
    calendar: CalendarConfig
    row: Row
    incident: Incident
    phase: Phase
    now: float
    new: list[NewRow] = field(default_factory=list)
    replies: dict[str, NewRow] = field(default_factory=dict)
    lists_alarms: bool = False
    signals: list[tuple[str, Signal]] = field(default_factory=list)

    def change(self, **changes: object) -> None:
        """Replace fields of the incident."""
        self.incident = self.incident.model_copy(update=changes)

    @property
    def target(self) -> Target | None:
        """The service of the alarm that opened it."""
        return self.world.catalog.target(self.incident.target) if self.incident.target else None

    @property
    def system(self) -> System | None:
        """The system it belongs to."""
        target = self.target
        return self.world.catalog.system(target.system) if target else None

    @property
    def response(self) -> Response:
        """How its severity is answered."""
        return self.settings.response(self.incident.severity, self.system)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels of escalation of its system."""
        return ladder(self.system)

    @property
    def mentions(self) -> str:
        """Whoever is on call for the system, as Slack pings them; empty where the configuration names nobody."""
        return b.mentions(self.system.on_call) if self.system else ""

    def last_alarm(self, key: str) -> Alarm | None:
        """The last notification of an alarm's row."""
        row = self.store.by_key(ALARM, key)
        told = row.body.get("last") if row is not None else None
        return Alarm.model_validate(told) if told else None

    def reply(self, mark: str, message: Message, *, broadcast: bool = False) -> None:
        """Owe a reply in the thread; the same mark again updates it."""
        key, thread = f"inc:{self.row.id}:{mark}", headline_key(self.row.id)
        self.replies[key] = post(key, self.incident.channel, message, thread_key=thread, broadcast=broadcast)

    @property
    def owed(self) -> tuple[NewRow, ...]:
        """The rows it owes."""
        return (*self.new, *self.replies.values())

    def note(
        self, mark: str, at: float, kind: str, text: str, *, by: str = "", alarm: str = "", state: str = ""
    ) -> None:
        """Keep a moment of the timeline; see ``alerts.timeline.Moment``."""
        self.new.append(moment(self.row.id, mark, at, kind, text, by=by, alarm=alarm, state=state))

    def whisper(self, signal: Received, error: BotError) -> None:
        """Tell whoever asked what could not be done, and nobody else."""
        user = str(signal.payload.get("user", ""))
        if user:
            said = sentence(error.message, error.hint)
            key = f"inc:{self.row.id}:whisper:{signal.number}"
            thread = headline_key(self.row.id)
            self.new.append(whisper(key, self.incident.channel, user, said, thread_key=thread))

    def rung(self, level: int) -> int:
        """The first level that PagerDuty calls through the same routing key: there is one alert for both."""
        same = [each for each in range(1, level) if self.levels[each - 1].calls_pagerduty]
        return next((each for each in same if self._key(each) == self._key(level)), level)

    def _key(self, level: int) -> str:
        env = self.system.pagerduty_routing_key_env if self.system else ""
        return (self.levels[level - 1].pagerduty_routing_key_env or env) if 0 < level <= len(self.levels) else env

    def page(self, action: str, level: int, *, remedy: str = "") -> None:
        """Owe PagerDuty an event of one level, which is the first of its routing key."""
        env = self._key(level)
        self.new.append(page(self.row.id, self.incident, env, action, level=level - 1, remedy=remedy))

    def page_all(self, action: str) -> None:
        """Owe every level that was called in PagerDuty an event."""
        for level in self.incident.paged:
            self.page(action, level)

    def allowed(self, signal: Received) -> str:
        """Whoever asked, when they may work on incidents here; else they are told, and the answer is empty."""
        user = str(signal.payload.get("user", ""))
        try:
            person = self.world.chat.person(user)
            authz.require(self.access, person, "incident", self.target)
        except BotError as error:  # not allowed, or Slack cannot say who this is: no reason to hold up the alarm
            self.whisper(signal, error)
            return ""
        return user
