"""The whole sandbox: Slack, AWS, PagerDuty and GitHub that pretend, and the real bot running against them."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from sandbox.app_config import command_names, copy_config
from sandbox.app_environment import Secrets, free_port, kept_port, without_foreign_settings, write_env_file
from sandbox.app_look import look, owner
from sandbox.app_mail import mails
from sandbox.app_manifest import read_manifest
from sandbox.app_routes import hints, routes
from sandbox.aws.server import AwsServer
from sandbox.aws.sns import certificate_pem
from sandbox.aws.trail import PIPELINE_KEY
from sandbox.bot_process import BotProcess
from sandbox.calls import Calls
from sandbox.faults import Faults
from sandbox.github import HOST as GITHUB_HOST
from sandbox.github import GitHub
from sandbox.health import Health
from sandbox.pagerduty import PagerDuty
from sandbox.player import Player
from sandbox.proxy import Proxy, Response
from sandbox.seed.account import Account
from sandbox.seed.catalogue import US, WORKFLOWS
from sandbox.seed.plant import Planted, past_clock, plant
from sandbox.seed.storm import build_storm, storm_of
from sandbox.slack import seed
from sandbox.slack.server import SlackServer
from sandbox.stores import Stores

Mode = Literal["socket", "http"]
Report = Callable[[str], None]

BOT_COMMAND = (sys.executable, "-m", "bot", "serve")
PAGE = Path(__file__).parent / "page"

_log = logging.getLogger(__name__)


class AlreadyRunningError(Exception):
    """Another sandbox uses the same state directory; the message is a sentence."""


class Sandbox:
    """Everything together. ``start`` returns when the bot is ready and ``env_file`` is written.

    ``port`` is the page's (0: any free one); ``play`` names a scenario that starts by itself; ``speed`` is how many
    of the sandbox's seconds pass in a real one; ``database`` is the bot's SQLite file (default: a fresh one);
    ``bot_environment`` is laid over the bot's variables. ``report`` is told each step of the start. Raises ValueError,
    its message a sentence, when Slack would not register a command of ``bot.yaml``.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        mode: Mode = "socket",
        play: str | None = None,
        speed: float = 1.0,
        config_dir: Path = Path("config"),
        database: Path | None = None,
        bot: bool = True,
        state_dir: Path = Path(".sandbox"),
        bot_command: tuple[str, ...] = BOT_COMMAND,
        bot_environment: Mapping[str, str] | None = None,
        report: Report = lambda step: None,
    ) -> None:
        self.clock = past_clock()
        self.faults = Faults()
        self.calls = Calls()
        self.state_dir = state_dir.absolute()
        self.env_file = self.state_dir / "env"
        self.env: dict[str, str] = {}
        self.bot: BotProcess | None = None
        self.mode: Mode = mode
        self._play = play
        self._speed = speed
        self._config_dir = config_dir
        self._database = database
        self._with_bot = bot
        self._bot_command = bot_command
        self._bot_environment = dict(bot_environment or {})
        self._report = report
        self._secrets = Secrets()
        self._bot_port = free_port()
        self._stopped = threading.Event()
        self._lock_file: IO[str] | None = None
        self._env_lock = threading.Lock()
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self.commands = command_names(config_dir)
        self.hints = hints(self.commands)
        self.slack = self._make_slack(port)
        self.aws = AwsServer(self.clock, self.faults, self.calls)
        keys = {self._secrets.routing_key: "On call", self._secrets.escalation_routing_key: "Escalation"}
        self.pagerduty = PagerDuty(self.clock, self.faults, self.calls, keys)
        self.github = GitHub(self.clock, self.faults, self.calls, token=self._secrets.github_token, workflows=WORKFLOWS)
        self.aws.on_tick(self.github.bring_up)
        self.proxy = Proxy(self.state_dir / "ca.pem")
        self.health, self.stores = Health(look, self.clock, owner), Stores()
        self.player = Player(self._script_variables)
        self.slack.add_routes(routes(self.clock, self.player, self.pagerduty, self.hints, mails))

    @property
    def bot_url(self) -> str:
        """Where the bot listens (in Socket Mode, too)."""
        return f"http://127.0.0.1:{self._bot_port}"

    def start(self) -> None:
        """Start everything.

        Raises OSError when the port is taken, AlreadyRunningError when a sandbox runs in this directory, BotStartError
        when the bot does not come up. After an error nothing is left running.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, in the opposite order; safe to repeat."""
        while self._undo:
            name, undo = self._undo.pop()
            try:
                undo()
            except Exception:
                # What comes after it must be stopped all the same.
                _log.exception("stopping %s failed", name)
        self._stopped.set()

    def wait(self) -> None:
        """Return when somebody stopped the sandbox."""
        self._stopped.wait()

    def _start(self) -> None:
        self._take_directory()
        self._undo.append(("port", kept_port(self._bot_port).close))
        self._begin("slack", self.slack.start, self.slack.stop)
        self._report(f"page {self.slack.url}")
        self._begin("aws", self.aws.start, self.aws.stop)
        account = Account(self.aws.url, PIPELINE_KEY, self._secrets.secret_key)
        self._undo.append(("account", account.close))
        planted = plant(account, self.clock, self._report)
        storm = storm_of(self._config_dir)
        if storm:
            self._report(f"{len(storm)} services for a storm")
            build_storm(account, planted.topic_of(US), storm)
        # Filling the account took seconds, by which AWS and Slack must not be behind the bot.
        self.clock.advance(max(0.0, time.time() - self.clock.now()))
        self.clock.set_speed(self._speed)
        self._open_proxy()
        self._begin("stores", self.stores.start, self.stores.stop)
        self.stores.tell(account)
        self.env = self._variables(planted)
        if self._with_bot:
            self._report("the bot")
            self._install()
            self._start_bot()
            self._begin("webhooks", self._subscribe, self.pagerduty.webhooks.close)
        self._undo.append(("env", lambda: self.env_file.unlink(missing_ok=True)))
        self._write_env()
        self._undo.append(("player", self.player.stop))
        if self._play is not None:
            self.player.play(self._play)

    def _begin(self, name: str, start: Callable[[], None], stop: Callable[[], None]) -> None:
        self._undo.append((name, stop))
        start()

    def _take_directory(self) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        lock = (self.state_dir / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunningError(
                f"A sandbox is already running in {self.state_dir}; stop that one first."
            ) from None
        self._undo.append(("lock", lock.close))
        self.env_file.unlink(missing_ok=True)

    def _make_slack(self, port: int) -> SlackServer:
        try:
            return SlackServer(
                self.clock,
                self.faults,
                self.calls,
                port=port,
                page_dir=PAGE,
                bot_token=self._secrets.bot_token,
                app_token=self._secrets.app_token,
                signing_secret=self._secrets.signing_secret,
                request_url=f"{self.bot_url}/slack/events" if self.mode == "http" else None,
                commands=seed.commands(self.commands),
            )
        except ValueError as error:
            raise ValueError(f"{self._config_dir / 'bot.yaml'}: commands: {error}.") from error

    def _open_proxy(self) -> None:
        self.health.add_to(self.proxy)
        self.proxy.add(
            "sns.*.amazonaws.com",
            lambda request: Response(200, certificate_pem().encode(), "application/x-pem-file"),
        )
        for host in ("events.pagerduty.com", "api.pagerduty.com"):
            self.proxy.add(host, self.pagerduty.answer)
        self.proxy.add(GITHUB_HOST, self.github.answer)
        self._begin("proxy", self.proxy.start, self.proxy.stop)

    def _variables(self, planted: Planted) -> dict[str, str]:
        """Every variable of the bot's that the sandbox sets."""
        token = {"SLACK_APP_TOKEN": self._secrets.app_token} if self.mode == "socket" else {}
        return (
            token
            | {
                "SLACK_BOT_TOKEN": self._secrets.bot_token,
                "SLACK_SIGNING_SECRET": self._secrets.signing_secret,
                "SLACK_API_URL": f"{self.slack.url}/api/",
                "AWS_ENDPOINT_URL": self.aws.url,
                "AWS_ACCESS_KEY_ID": self._secrets.access_key,
                "AWS_SECRET_ACCESS_KEY": self._secrets.secret_key,
                "AWS_DEFAULT_REGION": US,
                "BOT_CONFIG_DIR": str(copy_config(self._config_dir, self.state_dir / "config")),
                "BOT_DATABASE_URL": f"sqlite:///{self._fresh_database()}",
                "BOT_PORT": str(self._bot_port),
                "BOT_SQS_QUEUE_URLS": ",".join(one.queue_url for one in planted.messaging),
                "BOT_SNS_TOPICS": ",".join(f"{one.topic_arn}=2" for one in planted.messaging),
                "BOT_HTTP_PROXY": self.proxy.url,
                "BOT_VPC_PROXY": self.proxy.url,
                "BOT_CA_FILE": str(self.proxy.ca_file),
                "PAGERDUTY_ROUTING_KEY": self._secrets.routing_key,
                "PAGERDUTY_ESCALATION_ROUTING_KEY": self._secrets.escalation_routing_key,
                "PAGERDUTY_WEBHOOK_SECRET": self._secrets.webhook_secret,
                "PAGERDUTY_EVENTS_URL": "https://events.pagerduty.com",
                "PAGERDUTY_API_URL": "https://api.pagerduty.com",
                "GITHUB_TOKEN": self._secrets.github_token,
                "GITHUB_API_URL": f"https://{GITHUB_HOST}",
            }
            | self._bot_environment
        )

    def _fresh_database(self) -> Path:
        """The given database, kept as it is; or the sandbox's own, empty, since its Slack and AWS are new as well."""
        if self._database is not None:
            return self._database.absolute()
        for old in self.state_dir.glob("bot.sqlite3*"):
            old.unlink()
        return self.state_dir / "bot.sqlite3"

    def _start_bot(self) -> None:
        log = self.state_dir / "bot.log"
        log.unlink(missing_ok=True)
        self.bot = BotProcess(
            self._bot_command,
            without_foreign_settings(os.environ) | self.env,
            log=log,
            ready_url=f"{self.bot_url}/readyz",
            on_start=lambda pid: self._write_env(pid) if self.env_file.exists() else None,
        )
        self._begin("bot", self.bot.start, self.bot.stop)

    def _install(self) -> None:
        """Give the bot what its own manifest asks Slack for; a bot of another kind gets everything."""
        if self._bot_command != BOT_COMMAND:
            return
        command = (*BOT_COMMAND[:-1], "manifest")
        manifest = read_manifest(command, without_foreign_settings(os.environ) | self.env)
        if manifest is not None:
            self.slack.install(manifest)

    def _subscribe(self) -> None:
        self.pagerduty.webhooks.subscribe(f"{self.bot_url}/pagerduty", self._secrets.webhook_secret)

    def _script_variables(self) -> dict[str, str]:
        """The bot's variables and the addresses that scripts need besides."""
        return self.env | {
            "SANDBOX_URL": self.slack.url,
            "SANDBOX_COMMANDS": " ".join(f"{name}={registered}" for name, registered in self.commands.items()),
            "BOT_URL": self.bot_url,
        }

    def _write_env(self, pid: int | None = None) -> None:
        shown: dict[str, Any] = self._script_variables()
        # A proxy of the machine's must not swallow what a second shell sends to the sandbox.
        shown |= {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        with self._env_lock:
            if self.bot is not None:
                shown["BOT_PID"] = str(pid or self.bot.pid)
            write_env_file(self.env_file, shown)
