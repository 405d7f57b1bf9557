"""AWS clients, made once and shared by every thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)

from bot.aws.log_pages import OPERATIONS, read_page
from bot.aws.raw import keep_body
from bot.domain import Account

POOL = 32
"""Connections kept per client; no more threads than that read at once."""


class Sessions:
    """boto3 clients, one per region, role and service.

    Clients may be shared between threads, making them may not, so they are made under a lock. A role of another
    account is assumed with its external id when the first call needs it and again before its credentials run out.
    ``AWS_ENDPOINT_URL``, proxies and the bot's own credentials are read from the environment by botocore.

    ``connect_timeout`` and ``read_timeout`` are seconds; ``attempts`` counts the first try too.
    """

    def __init__(
        self,
        *,
        user_agent: str = "runbook-bot",
        connect_timeout: float = 3,
        read_timeout: float = 10,
        attempts: int = 3,
    ) -> None:
        self._lock = threading.RLock()
        self._clients: dict[tuple[Account, str, bool, float, bool], Any] = {}
        self._sessions: dict[tuple[str, str], boto3.session.Session] = {}
        self._user_agent = user_agent
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._attempts = attempts
        self._own = self._core()

    def client(
        self,
        account: Account,
        service: str,
        *,
        repeat: bool = True,
        read_timeout: float | None = None,
        signs_addresses: bool = False,
    ) -> Any:
        """The client of one service ("ecs", "logs" ...).

        ``repeat=False`` is for changes without an idempotency token: botocore repeats a call whose answer was lost,
        and RegisterTaskDefinition would then have run twice. ``read_timeout`` in seconds is for long polls.
        ``signs_addresses`` is for presigned addresses of S3: by itself botocore signs them the old way, which newer
        buckets refuse, and for the global host, which redirects to the bucket's region and so spoils the signature.
        """
        seconds = self._read_timeout if read_timeout is None else read_timeout
        key = (account, service, repeat, seconds, signs_addresses)
        with self._lock:
            if key not in self._clients:
                config = self._config(self._attempts if repeat else 1, seconds)
                if signs_addresses:
                    config = config.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
                session = self._session(account)
                region = account.region or None
                self._clients[key] = session.client(service, region_name=region, config=config)
            return self._clients[key]

    def close(self) -> None:
        """Give back every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _config(self, attempts: int, read_timeout: float) -> Config:
        return Config(
            connect_timeout=self._connect_timeout,
            read_timeout=read_timeout,
            max_pool_connections=POOL,
            retries={"mode": "standard", "total_max_attempts": attempts},
            user_agent_extra=self._user_agent,
        )

    def _core(self) -> botocore.session.Session:
        core = botocore.session.Session()
        core.register("before-parse.ecs.DescribeTaskDefinition", keep_body)
        for operation in OPERATIONS:
            core.register(f"before-parse.cloudwatch-logs.{operation}", read_page)
        return core

    def _session(self, account: Account) -> boto3.session.Session:
        key = (account.role_arn, account.external_id)
        if key not in self._sessions:
            core = self._own
            if account.role_arn:
                core = self._core()
                # Reading the service models is what makes a client slow; sessions of other roles share what was read.
                core.register_component("data_loader", self._own.get_component("data_loader"))
                core.register_component("credential_provider", CredentialResolver([self._assumed(account)]))
            self._sessions[key] = boto3.session.Session(botocore_session=core)
        return self._sessions[key]

    def _assumed(self, account: Account) -> CredentialProvider:
        extra = {"RoleSessionName": self._user_agent[:64]}
        if account.external_id:
            extra["ExternalId"] = account.external_id

        def create_client(service: str, **options: Any) -> Any:
            config = self._config(self._attempts, self._read_timeout)
            with self._lock:
                return self._own.create_client(service, region_name=account.region or None, config=config, **options)

        def fetch() -> dict[str, Any]:
            fetcher = AssumeRoleCredentialFetcher(
                create_client, self._own.get_credentials(), account.role_arn, extra_args=extra
            )
            answer: dict[str, Any] = fetcher.fetch_credentials()
            return answer

        return _AssumedRole(fetch)


class _AssumedRole(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Credentials of a role in another account, refreshed by botocore some minutes before they expire."""

    METHOD = "assume-role"

    def __init__(self, fetch: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._fetch = fetch

    def load(self) -> DeferredRefreshableCredentials:
        """Nothing is asked of STS until the first call is signed."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)
