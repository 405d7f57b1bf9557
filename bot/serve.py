"""``python -m bot serve``: from the environment to a running bot, and a clean end on SIGTERM."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sqlite3
import sys
from pathlib import Path

import uvicorn

from alerts.playbook import Playbook
from bot.app import Bot, build
from bot.errors import ConfigError, Problem
from bot.flow import UMBRELLA
from bot.intake.http import SnsEndpoint
from bot.intake.raw_delivery import RawDelivery
from bot.intake.sns import SnsVerifier
from bot.log import configure
from bot.pagerduty.webhooks import WebhookEndpoint
from bot.settings import Settings, load
from bot.settings.environment import EnvironmentVariables, read_environment
from bot.slack.inbound import bolt_app
from bot.slack.socket import Socket
from bot.store.one_process import StoreBusyError
from bot.web_server import web_app
from commands import COMMANDS

log = logging.getLogger("bot")

BACKLOG = 2048
"""Connections that may wait to be taken up."""
GRACE_SECONDS = 2
SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter from another: Python's 5 ms would be most of an acknowledgement."""


def configuration() -> tuple[Settings, EnvironmentVariables]:
    """Everything the bot is told, checked. Raises ConfigError."""
    environment = read_environment()
    named = [command for command in COMMANDS if command != "help"]
    settings = load(Path(environment.bot_config_dir), Playbook, (*named, UMBRELLA))
    return settings, environment


def serve() -> int:
    """Run until SIGTERM or Ctrl-C; the exit status."""
    try:
        settings, environment = configuration()
        environment.require_for_serving()
        listening = _listen(environment.bot_port)
        configure()
        bot = _built(settings, environment)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return run(bot, environment, listening)


def _listen(port: int) -> socket.socket:
    """The port, taken before anything else is done: two bots on one port must not both start. Raises ConfigError."""
    try:
        listening = socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104 - containers are reached from outside
        # An answer leaves in two pieces, head and body. asyncio sends them at once only on sockets it made itself; else
        # the second waits for the other side's delayed acknowledgement, some 40 ms. Accepted sockets inherit this.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise _refused("BOT_PORT", f"port {port} cannot be listened on: {os.strerror(error.errno or 0)}") from error


def _built(settings: Settings, environment: EnvironmentVariables) -> Bot:
    """The bot, put together. Raises ConfigError when its store cannot be opened."""
    try:
        return build(settings, environment)
    except StoreBusyError as error:
        raise _refused("BOT_DATABASE_URL", str(error)) from error
    except sqlite3.Error as error:
        raise _refused("BOT_DATABASE_URL", f"cannot be opened: {error}") from error
    except OSError as error:
        # Building opens no file but the store's, and the authorities', which were read before.
        raise _refused("BOT_DATABASE_URL", f"cannot be opened: {error.strerror}") from error


def _refused(variable: str, message: str) -> ConfigError:
    return ConfigError([Problem("environment", 0, variable, message)])


def run(bot: Bot, environment: EnvironmentVariables, listening: socket.socket) -> int:
    """Start a built bot, serve HTTP until a signal ends it, and stop it."""
    bolt = bolt_app(bot.outside.client, environment.slack_signing_secret.get_secret_value(), bot.desk)
    slack = Socket(bolt, environment.slack_app_token.get_secret_value()) if environment.socket_mode else None
    topics = {topic.arn: topic.signature_version for topic in environment.bot_sns_topics}
    verifier = SnsVerifier(topics, bot.outside.web.fetch, bot.clock)
    raw = RawDelivery(topics, bot.engine.add, bot.settings.bot.default_channel, bot.clock)
    sns = SnsEndpoint(verifier, bot.accept, bot.confirm_subscription, bot.clock, raw)
    degraded = (lambda: bot.degraded(slack.connected)) if slack else bot.degraded
    pagerduty = WebhookEndpoint(environment.webhook_secrets, bot.accept_event, bot.clock)
    app = web_app(bot.store, degraded, sns.route(), None if slack else bolt, pagerduty=pagerduty.route())
    server = uvicorn.Server(
        uvicorn.Config(app, access_log=False, log_config=None, timeout_graceful_shutdown=GRACE_SECONDS, backlog=BACKLOG)
    )
    sys.setswitchinterval(SWITCH_SECONDS)

    def end(number: int, frame: object) -> None:
        server.should_exit = True

    # uvicorn raises the signal that ended it once more, for whoever handled it before: nobody would be death, with
    # everything held still in hand.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    # What was made until now stays: looking through it again and again for garbage would be taken from the doors.
    gc.freeze()
    bot.start()
    if slack:
        slack.start()
    log.info("started", extra={"transport": "socket" if slack else "http", "port": listening.getsockname()[1]})
    server.run(sockets=[listening])
    if slack:
        slack.stop()
    ended = bot.stop()
    log.info("stopped", extra={"clean": ended})
    logging.shutdown()
    # A read of AWS that hangs would keep the interpreter waiting for its thread; nothing is left to save.
    os._exit(0)
