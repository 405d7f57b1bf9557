"""Measure how late verdicts are, in one run on the same service, and write ``benchmarks/verdict_delay/results.md``."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import Peer, Said, install
from benchmarks.results import machine, table
from benchmarks.town import Seen, Town, until
from sandbox.seed.account import ACCOUNT
from sandbox.seed.catalogue import service_of

GOOD, BAD = 6, 3
"""Rollouts of each contender that go well, and that ECS's circuit breaker takes back."""
SERVICE = service_of("arbor", "backend")
CHANNEL = "#arbor-energy"
VERSIONS = ("v1.5.0", "v1.5.7", "v1.6.0")
CRASHES = "v1.5.1-crash"
LONGEST = 120.0
STATES = {"soaking": "settled", "done": "settled", "failed": "failed"}
"""States of an operation that has ended, and what its card says then."""


@dataclass(frozen=True)
class Verdict:
    """One contender about one rollout; times in seconds since the epoch."""

    who: str
    began: float
    true_at: float
    known_at: float
    said: str

    @property
    def late(self) -> float:
        """Seconds after ECS."""
        return self.known_at - self.true_at


class Truth:
    """ECS's own record of a rollout, as the sandbox keeps it."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._ecs = town.stage.aws("ecs", SERVICE.region)

    def newest(self, since: float) -> dict[str, Any] | None:
        """The newest rollout created since then; times are the world's."""
        listed = self._ecs.list_service_deployments(cluster=SERVICE.cluster, service=SERVICE.service)
        newest = max(listed["serviceDeployments"], key=lambda each: each["createdAt"])
        if newest["createdAt"].timestamp() - self._town.ahead < since - 0.01:
            return None
        arn = newest["serviceDeploymentArn"]
        return dict(self._ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0])

    def ended(self, since: float) -> dict[str, Any]:
        """The same, once it has ended."""

        def look() -> dict[str, Any] | None:
            found = self.newest(since)
            return found if found is not None and found.get("finishedAt") else None

        return until(look, "the end of a rollout", LONGEST)

    def world(self, moment: Any) -> float:
        """A moment of ECS's in the world's time."""
        return float(moment.timestamp()) - self._town.ahead


def image(version: str) -> str:
    return f"{ACCOUNT}.dkr.ecr.{SERVICE.region}.amazonaws.com/{SERVICE.repository}:{version}"


def by_the_bot(town: Town, truth: Truth, waiter: Peer, version: str) -> list[Verdict]:
    """The bot ships; the waiter is started as soon as ECS has begun, and waits for the same rollout."""
    asked = time.time()
    operation = town.deploy(CHANNEL, f"/deploy arbor/backend production {version}")
    began = float(until(lambda: town.calls("ecs:UpdateService", asked) or None, "UpdateService")[0]["at"])
    waits = ["ecs", "wait", "services-stable", "--region", SERVICE.region]
    waiting = waiter.start([*waits, "--cluster", SERVICE.cluster, "--services", SERVICE.service], town.variables)
    ends = tuple(STATES)
    doubts = _first(town, operation, lambda seen: seen.state in ends or seen.headline.startswith("Not deployed"))
    ends_at = _first(town, operation, lambda seen: seen.state in ends)
    said = until(lambda: _posted(town, operation, asked), "the bot's last word")
    record = truth.ended(asked)
    over, words = truth.world(record["finishedAt"]), f"{STATES[ends_at.state]}: {ends_at.headline}"
    found = [Verdict("bot", began, over, ends_at.at, words), Verdict("bot, in Slack", began, over, said, "")]
    if record.get("rollback"):
        failed = truth.world(record["rollback"]["startedAt"])
        found.append(Verdict("bot, FAILED", began, failed, doubts.at, doubts.headline))
    ended = waiting.ended(LONGEST)
    found.append(Verdict("waiter", began, over, ended.at, _words(ended)))
    return found


def _first(town: Town, operation: str, claim: Callable[[Seen], bool]) -> Seen:
    """The row as soon as something is so."""

    def look() -> Seen | None:
        seen = town.seen(operation)
        return seen if claim(seen) else None

    return until(look, "the bot's verdict", LONGEST)


def _posted(town: Town, operation: str, since: float) -> float | None:
    """When the reply that tells the asker how it ended was posted."""
    for call in town.calls("chat.postMessage", since):
        if f"op:{operation}:outcome" in str(call["params"].get("metadata")):
            return float(call["at"])
    return None


def by_ecs_deploy(town: Town, truth: Truth, peer: Peer, version: str) -> list[Verdict]:
    """The peer ships the same way, with its own rollout."""
    asked = time.time()
    options = ["--region", SERVICE.region, "--image", SERVICE.container, image(version), "--no-deregister"]
    ended = peer.start(["deploy", SERVICE.cluster, SERVICE.service, *options], town.variables).ended(LONGEST)
    began = float(town.calls("ecs:UpdateService", asked)[0]["at"])
    record = truth.ended(asked)
    return [Verdict("ecs deploy", began, truth.world(record["finishedAt"]), ended.at, _words(ended))]


def _words(said: Said) -> str:
    told = [line.strip(" .") for line in said.words.splitlines() if line.startswith("Deployment")]
    return ", ".join([f"exit {said.status}", *told])


def rounds(town: Town, waiter: Peer, shipper: Peer, versions: Iterable[str]) -> list[Verdict]:
    """The bot and the peer in turns, each a version that does not run."""
    truth, found = Truth(town), []
    versions = iter(versions)
    for version in versions:
        new = by_the_bot(town, truth, waiter, version)
        new += by_ecs_deploy(town, truth, shipper, next(versions))
        for each in new:
            print(f"{each.who}: {each.late:.2f} s late, {each.known_at - each.began:.1f} s in all: {each.said}")
        found += new
    return found


TITLES = {
    "bot": "this bot, knowing it",
    "bot, in Slack": "this bot, having told the asker in Slack",
    "bot, FAILED": "this bot, knowing that it failed (counted from FAILED)",
    "ecs deploy": "`ecs deploy`",
    "waiter": "`aws ecs wait services-stable`",
}


def rows(found: Sequence[Verdict]) -> list[tuple[object, ...]]:
    """Each contender's lateness, and what it says."""
    shown: list[tuple[object, ...]] = []
    for who, title in TITLES.items():
        mine = [each for each in found if each.who == who]
        if mine:
            late = [each.late for each in mine]
            whole = statistics.median(each.known_at - each.began for each in mine)
            times = (f"{statistics.median(late):.2f}", f"{max(late):.2f}", f"{whole:.1f}")
            shown.append((title, len(mine), *times, mine[-1].said))
    return shown


def written(good: Sequence[Verdict], bad: Sequence[Verdict], peers: Sequence[Peer]) -> str:
    """The results as they are checked in."""
    head = ("who", "rollouts", "late, p50 s", "late, max s", "from start, p50 s", "said")
    lasted = statistics.median(each.true_at - each.began for each in good)
    return "\n".join(
        [
            "# How late verdicts are",
            "",
            f"{machine()} `make bench`, with {' and '.join(peer.version for peer in peers)}.",
            "",
            "Rollouts of one service of the sandbox, whose clock runs at the world's pace. The truth is the instant at",
            "which the sandbox's ECS ends a rollout, by its own record. The bot is the real process; it and the waiter",
            "look at the same rollouts, `ecs deploy` ships its own in turns with them (`--no-deregister`, else as it",
            "comes). A tool knows when it exits, the bot when its row says so.",
            "",
            f"Rollouts that go well ({lasted:.1f} s from UpdateService to COMPLETED, median):",
            "",
            *table(head, rows(good)),
            "",
            "Rollouts that the circuit breaker takes back; they end when ECS has gone back. What the peers say of them",
            "(exit 0) is not so; `benchmarks/wrong_verdicts` is about that:",
            "",
            *table(head, rows(bad)),
            "",
        ]
    )


def main() -> None:
    waiter, shipper = install("awscli", "aws"), install("ecs-deploy", "ecs", "setuptools")
    with tempfile.TemporaryDirectory(prefix="bench-verdict-") as folder:
        town = Town(Path(folder))
        try:
            good = rounds(town, waiter, shipper, (VERSIONS[number % len(VERSIONS)] for number in range(2 * GOOD)))
            bad = rounds(town, waiter, shipper, (CRASHES for _ in range(2 * BAD)))
        finally:
            town.stop()
    (Path(__file__).parent / "results.md").write_text(written(good, bad, (waiter, shipper)))


if __name__ == "__main__":
    main()
