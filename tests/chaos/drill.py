"""A sandbox whose bot dies on order, the people in it, and what the pretend services counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeVar

from sandbox.app import Sandbox
from sandbox.app_environment import read_env_file
from sandbox.scenarios.stage import ALICE, Stage, StoryError, button
from sandbox.seed.account import ACCOUNT, TOPIC
from sandbox.seed.alarms import ecs_dimensions
from sandbox.seed.catalogue import EcsService, service_of

SPEED = 10.0
"""The sandbox's seconds in a real one: a rollout of ten seconds takes one."""
PATIENCE = 40.0
"""Real seconds anything may take; generous, since several suites may share the machine's cores."""
LOOK_EVERY = 0.05
"""Seconds between two looks: the sandbox lives in this very process and needs the core more than we do."""

EFFECTS = ("chat.postMessage", "chat.update", "ecs:RegisterTaskDefinition", "ecs:UpdateService", "enqueue")
NOT_THE_BOT = ("cloudwatch:SetAlarmState", "deliver:", "sqs:", "ecs:ListTaskDefinitions")

USAGE = service_of("usage", "delivery-standard")
ARBOR = service_of("arbor", "backend")
CAPTION = service_of("caption", "app")
CHANNELS = {USAGE: "#usage-metrics", ARBOR: "#arbor-energy", CAPTION: "#image-caption"}
VERSIONS = ("v1.5.0", "v1.5.7", "v1.6.0")

Found = TypeVar("Found")
Message = dict[str, Any]


class Drill:
    """One sandbox, its people, and orders to die."""

    def __init__(self, sandbox: Sandbox, orders: Path) -> None:
        self.sandbox = sandbox
        self.stage = Stage(read_env_file(sandbox.env_file), say=lambda sentence: None)
        self._orders = orders
        self._numbers = count()
        self._fired = dict.fromkeys(CHANNELS, 0)
        self._versions = dict.fromkeys(CHANNELS, 0)

    # killing

    def order(self, moment: str, effect: str) -> None:
        """Let the bot die ``before`` or ``after`` the next effect of that label."""
        part = self._orders / f"{next(self._numbers):03d}"
        part.write_text(f"{moment} {effect}")
        part.rename(part.with_suffix(".order"))

    def left(self) -> list[str]:
        """Orders that were not carried out."""
        return [order.read_text() for order in sorted(self._orders.glob("*.order"))]

    def drop_orders(self) -> None:
        """Let the bot live."""
        for order in self._orders.glob("*.order"):
            order.unlink(missing_ok=True)

    @contextmanager
    def blind(self) -> Iterator[None]:
        """Without the look-ups by key."""
        switch = self._orders / "blind"
        switch.touch()
        yield
        switch.unlink()

    def kill(self) -> None:
        """SIGKILL from outside, and wait until the supervisor has started the next one."""
        bot = self.sandbox.bot
        assert bot is not None
        before = bot.restarts
        bot.kill()
        assert bot.wait_restart(before, PATIENCE)

    def terminate(self) -> None:
        """SIGTERM, and wait until the supervisor has started the next one."""
        bot = self.sandbox.bot
        assert bot is not None
        before = bot.restarts
        bot.terminate()
        assert bot.wait_restart(before, PATIENCE)

    def log(self) -> str:
        """All that the bot has logged in all its lives."""
        return (self.sandbox.state_dir / "bot.log").read_text()

    def until_connected(self) -> None:
        """Wait until the bot hears what people say: the newest process, not one that is about to die."""
        assert self.sandbox.bot is not None
        self.sandbox.bot.wait_ready(PATIENCE)
        self.until(lambda: self._state()["sockets"], "the bot did not connect to Slack")

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.stage._http.get("/client/state").json()
        return state

    def until(self, look: Callable[[], Found], otherwise: str) -> Found:
        """Look until there is something; fails with a sentence and the end of the bot's log."""
        deadline = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > deadline:
                assert self.sandbox.bot is not None
                raise AssertionError(f"{otherwise}; orders left: {self.left()}\n{self.sandbox.bot.last_lines()}")
            time.sleep(LOOK_EVERY)
        return found

    # people

    def ask(self, service: EcsService) -> str:
        """Alice asks for the next version; returns the operation's id once its card is there."""
        version = self.next_version(service)
        known = set(self.keys(CHANNELS[service]))
        self.until_connected()
        try:
            self.stage.command(ALICE, CHANNELS[service], command(service, version))
        except StoryError:
            # The bot died between storing and acknowledging: Slack says "failed", and the card comes all the same.
            self.until(lambda: self._new_card(service, known), "a command that was stored led to nothing")
        return self.until(lambda: self._new_card(service, known), "no card appeared").split(":")[1]

    def next_version(self, service: EcsService) -> str:
        """A good version that does not run now."""
        self._versions[service] += 1
        return VERSIONS[self._versions[service] % len(VERSIONS)]

    def _new_card(self, service: EcsService, known: set[str]) -> str:
        keys = self.keys(CHANNELS[service])
        return next((key for key in keys if key.endswith(":card") and key not in known), "")

    def press(self, service: EcsService, key: str, label: str) -> None:
        """Alice presses a button of a message, and again when Slack tells her that the app did not answer."""

        def pressed() -> bool:
            message = self.message(CHANNELS[service], key)
            action = button(message, label) if message else None
            if message is None or action is None:
                return message is not None
            try:
                self.stage.press(ALICE, CHANNELS[service], message["ts"], action)
            except StoryError:
                return False
            return True

        self.until(pressed, f"{label} could not be pressed")

    def confirm(self, service: EcsService, operation: str) -> None:
        """Alice presses Confirm."""
        self.press(service, f"op:{operation}:card", "Confirm")

    def ended(self, service: EcsService, operation: str) -> str:
        """How the operation's card says it ended, once its last word in the thread is there; else nothing."""
        keys = self.keys(CHANNELS[service], thread_of=f"op:{operation}:card")
        card = self.message(CHANNELS[service], f"op:{operation}:card")
        if card is None or f"op:{operation}:outcome" not in keys:
            return ""
        text = str(card["text"])
        if "failed" in text:
            return text
        return "settled" if "settled" in text and f"op:{operation}:soak" in keys else ""

    def fire(self, service: EcsService) -> str:
        """An alarm nobody saw before goes off; returns its name."""
        name = alarm_name(service, self._fired[service])
        self._fired[service] += 1
        cloudwatch = self.stage.aws("cloudwatch", service.region)
        topic = f"arn:aws:sns:{service.region}:{ACCOUNT}:{TOPIC}"
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Chaos",
            MetricName="Trouble",
            Dimensions=ecs_dimensions(service),
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
            AlarmActions=[topic],
            OKActions=[topic],
        )
        self.set_alarm(service, name, "ALARM")
        return name

    def set_alarm(self, service: EcsService, name: str, state: str) -> None:
        """Turn the alarm red (ALARM) or green (OK)."""
        cloudwatch = self.stage.aws("cloudwatch", service.region)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=f"a drill: {state}")

    def incident(self, service: EcsService, alarm: str) -> str:
        """The id of the incident that an alarm opened, or nothing."""
        for message in self.messages(CHANNELS[service]):
            key = key_of(message)
            if key.endswith(":headline") and message["text"].endswith(f" {alarm}"):
                return key.split(":")[1]
        return ""

    # what was counted

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """What Alice sees."""
        return self.stage.messages(channel, thread_ts=thread_ts)

    def message(self, channel: str, key: str) -> Message | None:
        """The newest top-level message that was posted with a key."""
        return next((each for each in reversed(self.messages(channel)) if key_of(each) == key), None)

    def keys(self, channel: str, *, thread_of: str = "") -> list[str]:
        """Keys of a channel's top-level messages, or of one thread."""
        parent = self.message(channel, thread_of) if thread_of else None
        return [key_of(each) for each in self.messages(channel, parent["ts"] if parent else None) if key_of(each)]

    def all_keys(self, channel: str) -> Counter[str]:
        """How often each key was posted in a channel and all its threads."""
        found: Counter[str] = Counter()
        for message in self.messages(channel):
            thread = self.messages(channel, message["ts"]) if message.get("reply_count") else [message]
            found.update(key for each in thread if (key := key_of(each)))
        return found

    def registered(self, service: EcsService, operation: str) -> list[str]:
        """The task definitions ECS has of an operation, by the tag it was registered with."""
        made = self.sandbox.calls.list("aws", "ecs:RegisterTaskDefinition")
        tagged = [call for call in made if any(tag["value"] == operation for tag in call["params"].get("tags", []))]
        ecs = self.stage.aws("ecs", service.region)
        arns = ecs.list_task_definitions(familyPrefix=service.family, sort="DESC")["taskDefinitionArns"][:30]
        found = [arn for arn in arns if self._tag(ecs, arn) == operation]
        assert len(found) == len(tagged), "ECS's own list and the record of calls agree"
        return found

    @staticmethod
    def _tag(ecs: Any, arn: str) -> str:
        tags = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"]).get("tags", [])
        return next((str(tag["value"]) for tag in tags if tag["key"] == "runbook-bot:operation"), "")

    def deployment(self, service: EcsService, operation: str) -> dict[str, int]:
        """How often each effect of an operation is in the sandbox."""
        arns = self.registered(service, operation)
        updates = self.sandbox.calls.list("aws", "ecs:UpdateService")
        posted = self.all_keys(CHANNELS[service])
        return {
            "registrations": len(arns),
            "updates": sum(call["params"].get("taskDefinition") in arns for call in updates),
            **{part: posted[f"op:{operation}:{part}"] for part in ("card", "outcome", "soak")},
        }

    def pages(self, incident: str) -> list[str]:
        """The status of each PagerDuty incident that one of ours opened."""
        incidents = self.sandbox.pagerduty.snapshot()["incidents"]
        return [each["status"] for each in incidents if each["dedup_key"] == f"runbook-bot:{incident}"]

    def seen(self) -> int:
        """The number of the newest call the sandbox received."""
        calls = self.sandbox.calls.list()
        return int(calls[-1]["seq"]) if calls else 0

    def of_the_bot(self, since: int) -> list[dict[str, Any]]:
        """Calls the bot made since then, without the endless polling."""
        fresh = takewhile(lambda call: call["seq"] > since, reversed(self.sandbox.calls.list()))
        return [call for call in fresh if not call["operation"].startswith(NOT_THE_BOT)][::-1]


def command(service: EcsService, version: str) -> str:
    """What Alice types."""
    return f"/deploy {service.system}/{service.name} {service.environment} {version}"


def key_of(message: Message) -> str:
    """The key a message of the bot's carries in its metadata; nothing for others."""
    return str(((message.get("metadata") or {}).get("event_payload") or {}).get("key", ""))


def alarm_name(service: EcsService, number: int) -> str:
    """An alarm of the drill's own, so that each opens an incident of its own."""
    return f"drill-{service.family}-{number}"
