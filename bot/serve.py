"""``python -m bot serve``: from the environment to a running bot, and a clean end on SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import uvicorn

from alerts.playbook import Playbook
from bot.app import Bot, build
from bot.errors import ConfigError
from bot.intake.http import SnsEndpoint
from bot.intake.sns import SnsVerifier
from bot.log import configure
from bot.settings import Settings, load
from bot.settings.environment import EnvironmentVariables, read_environment
from bot.slack.inbound import bolt_app
from bot.slack.socket import Socket
from bot.store.sqlite import StoreBusyError
from bot.web_server import web_app
from commands import COMMANDS

log = logging.getLogger("bot")

GRACE_SECONDS = 2
SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter from another: Python's 5 ms would be most of an acknowledgement."""


def configuration() -> tuple[Settings, EnvironmentVariables]:
    """Everything the bot is told, checked. Raises ConfigError."""
    environment = read_environment()
    settings = load(Path(environment.bot_config_dir), Playbook, (*COMMANDS, "ops"))
    return settings, environment


def serve() -> int:
    """Run until SIGTERM or Ctrl-C; the exit status."""
    try:
        settings, environment = configuration()
        environment.require_for_serving()
        configure()
        bot = build(settings, environment)
    except (ConfigError, StoreBusyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return run(bot, environment)


def run(bot: Bot, environment: EnvironmentVariables) -> int:
    """Start a built bot, serve HTTP until a signal ends it, and stop it."""
    bolt = bolt_app(bot.client, environment.slack_signing_secret.get_secret_value(), bot.desk)
    socket = Socket(bolt, environment.slack_app_token.get_secret_value()) if environment.socket_mode else None
    topics = {topic.arn: topic.signature_version for topic in environment.bot_sns_topics}
    verifier = SnsVerifier(topics, bot.web.fetch, bot.clock)
    sns = SnsEndpoint(verifier, bot.accept, bot.confirm_subscription, bot.clock)
    degraded = (lambda: bot.degraded(socket.connected)) if socket else bot.degraded
    app = web_app(bot.store, degraded, sns.route(), None if socket else bolt)
    server = uvicorn.Server(
        uvicorn.Config(
            *(app, "0.0.0.0"),  # noqa: S104 - containers are reached from outside
            port=environment.bot_port,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    sys.setswitchinterval(SWITCH_SECONDS)

    def end(number: int, frame: object) -> None:
        server.should_exit = True

    # uvicorn raises the signal that ended it once more, for whoever handled it before: nobody would be death, with
    # everything held still in hand.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    bot.start()
    if socket:
        socket.start()
    log.info("started", extra={"transport": "socket" if socket else "http", "port": environment.bot_port})
    server.run()
    if socket:
        socket.stop()
    ended = bot.stop()
    log.info("stopped", extra={"clean": ended})
    logging.shutdown()
    # A read of AWS that hangs would keep the interpreter waiting for its thread; nothing is left to save.
    os._exit(0)
