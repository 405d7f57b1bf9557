"""The sandbox a drill takes place in: the project's own configuration with the drill's alarms, and the mortal bot."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from sandbox.app import Sandbox
from sandbox.app_config import copy_config
from sandbox.seed.account import QUEUE
from sandbox.seed.catalogue import REGIONS
from tests.chaos.drill import Drill
from tests.chaos.people import CHANNELS, PHOTO, alarm_name

ROOT = Path(__file__).parents[2]
OVERLAY = Path(__file__).parent / "config"
SPEED = 10.0
"""The sandbox's seconds in a real one: a rollout of ten seconds takes one."""
SENDER = "bot@example.com"
SEVERITIES = ("critical", "high")
ALARMS = 200
"""Alarms of the drill's own of each severity, more than any test fires."""


def drill_config(target: Path) -> Path:
    """The project's configuration with short times and the drill's alarms: what is critical pages at once."""
    copy_config(ROOT / "config", target, OVERLAY)
    for file in (target / "systems").glob("*.yaml"):
        system = yaml.safe_load(file.read_text())
        if system["system"] == PHOTO.system:
            configured = system["environments"][PHOTO.environment]["services"][PHOTO.name]
            every = [(alarm_name(each, severity), severity) for severity in SEVERITIES for each in range(ALARMS)]
            configured["alarms"] += [{"name": name, "severity": severity} for name, severity in every]
        file.write_text(yaml.safe_dump(system, sort_keys=False, allow_unicode=True))
    return target


@contextmanager
def drilling(directory: Path, *options: str) -> Iterator[Drill]:
    """A sandbox with the mortal bot, started with ``options``; all of it ends with the block."""
    orders = directory / "orders"
    orders.mkdir()
    entry = Path(__file__).with_name("serve_and_die.py")
    sandbox = Sandbox(
        config_dir=ROOT / "config",
        state_dir=directory / "sandbox",
        speed=SPEED,
        bot_command=(sys.executable, str(entry), *options),
        bot_environment={
            "BOT_CONFIG_DIR": str(drill_config(directory / "config")),
            "CHAOS_ORDERS": str(orders),
            "BOT_MAIL_FROM": SENDER,
            "PYTHONPATH": str(ROOT),
        },
    )
    sandbox.start()
    drill = Drill(sandbox, orders)
    for region in REGIONS:
        drill.stage.aws("sesv2", region).create_email_identity(EmailIdentity=SENDER)
    for region in {service.region for service in CHANNELS}:
        # A dead bot's last long poll may still swallow a message: let it come back soon.
        sqs = drill.stage.aws("sqs", region)
        queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    try:
        yield drill
    finally:
        drill.stage.close()
        sandbox.stop()
