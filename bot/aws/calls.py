"""What the parts of the ECS adapter share: clients, threads for many calls at once, and names."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account, Target
from bot.errors import BotError, NotFoundError, UpstreamError

A = TypeVar("A")
T = TypeVar("T")

AT_ONCE = 8
"""Calls of one batch that run in parallel; ECS allows bursts of 20 reads a second."""
PER_PAGE = 100
"""Entries of one page of a list of ECS."""
PAGES = 5
"""Pages read of a list; a service in a crash loop stops hundreds of tasks an hour."""
ATTEMPTS = 4
"""How often a change is tried that AWS refuses because another one of the same thing is under way."""


class Calls:
    """The clients of one adapter and the threads for its batches, ``at_once`` calls at a time.

    ``pause`` waits some seconds between two tries.
    """

    def __init__(
        self, sessions: Sessions, at_once: int = AT_ONCE, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._sessions = sessions
        self._pause = pause
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="aws")

    def close(self) -> None:
        """Let the threads end; calls that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _client(self, account: Account, service: str, *, repeat: bool = True) -> Any:
        return self._sessions.client(account, service, repeat=repeat)

    def _each(self, call: Callable[[A], T], items: Iterable[A]) -> list[T]:
        """``call`` of every item, in parallel, in order; raises what the first failing one raised."""
        return list(self._threads.map(call, items))

    def _each_or_error(self, call: Callable[[A], T], items: Iterable[A]) -> list[T | BotError]:
        def guarded(item: A) -> T | BotError:
            try:
                return call(item)
            except BotError as error:
                return error

        return self._each(guarded, items)

    def _insist(self, call: Callable[[], T], busy: Callable[[UpstreamError], bool]) -> T:
        """``call``, again after a pause while AWS says it is ``busy``; raises the last error."""
        for attempt in range(1, ATTEMPTS):
            try:
                return call()
            except UpstreamError as error:
                if not busy(error):
                    raise
            self._pause(random.uniform(0.5, 1.5) * attempt)  # noqa: S311 - it only spreads retries
        return call()

    def _listed(self, target: Target, operation: tuple[str, str], **parameters: Any) -> list[Any]:
        """What a list of ECS ("list_tasks", "taskArns") has of a target. Raises NotFoundError and UpstreamError."""
        name, field = operation
        client = self._client(target.account, "ecs")
        found: list[Any] = []
        for _ in range(PAGES):
            try:
                answer = ask(client, name, cluster=cluster_of(target), maxResults=PER_PAGE, **parameters)
            except UpstreamError as error:
                raise missing(error, target) from error
            found += answer[field]
            if not answer.get("nextToken"):
                break
            parameters["nextToken"] = answer["nextToken"]
        return found


def cluster_of(target: Target) -> str:
    """The ECS cluster of a target; AWS's own default where the configuration names none."""
    return target.service.cluster or "default"


def service_of(target: Target) -> str:
    """The ECS service of a target; it bears the name people type unless the configuration says otherwise."""
    return target.service.service or target.name


def missing(error: UpstreamError, target: Target) -> BotError:
    """NotFoundError where ECS said that cluster or service do not exist; any other error as it is."""
    if error.code == "ClusterNotFoundException":
        return NotFoundError(f"ECS has no cluster {cluster_of(target)} in {target.account.region}.")
    if error.code in ("ServiceNotFoundException", "ServiceNotActiveException"):
        return NotFoundError(f"ECS has no service {service_of(target)} in cluster {cluster_of(target)}.")
    return error


def seconds(moment: datetime | None) -> float:
    """Seconds since the epoch; 0 for a time AWS left out."""
    return moment.timestamp() if moment is not None else 0.0


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Slices of at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
