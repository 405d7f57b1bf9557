"""Bring the ten scenarios about for this bot and for ecs-deploy, and write ``benchmarks/wrong_verdicts/results.md``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.peers import Peer, install
from benchmarks.results import machine, table
from benchmarks.town import Town, until
from benchmarks.wrong_verdicts.shop import (
    CHANNEL,
    CLUSTER,
    CONTAINER,
    ENVIRONMENT,
    SCENARIOS,
    SYSTEM,
    Scenario,
    Shop,
    configured,
    image,
)
from sandbox.seed.catalogue import US

AT_ONCE = 4
"""Scenarios under way together; a peer's start is a second of a core's work."""
MEDDLE_AFTER = 3.0
WATCHED = 75.0
"""Seconds after which what has not ended is taken as it stands."""
THEIRS = "-theirs"

DEPLOYED, NOT_DEPLOYED, UNDECIDED, GAVE_UP = "deployed", "not deployed", "no verdict", "gave up"
SHOWN = 170
"""Characters of what is said that a table shows."""


@dataclass(frozen=True)
class Verdict:
    """What somebody said of a deployment, as one of the four words and in their own."""

    verdict: str
    words: str


@dataclass(frozen=True)
class Case:
    """One scenario for one contender: the truth and the verdict."""

    truth: Verdict
    said: Verdict

    @property
    def worth(self) -> str:
        """To give up before ECS does is no verdict, and neither right nor wrong."""
        if self.said.verdict == self.truth.verdict:
            return "right"
        return self.said.verdict if self.said.verdict in (UNDECIDED, GAVE_UP) else "**wrong**"


def truth(record: Mapping[str, Any], service: Mapping[str, Any]) -> Verdict:
    """How a deployment ended, by the record that the sandbox's ECS keeps of it."""
    status = str(record["status"])
    reason = (record.get("rollback") or {}).get("reason") or record.get("statusReason") or ""
    words = f"{status}: {reason}".removesuffix(": ")
    if service["status"] != "ACTIVE":
        words += f" The service is {service['status']}."
    if status in ("PENDING", "IN_PROGRESS"):
        return Verdict(UNDECIDED, f"{status}: ECS goes on trying")
    return Verdict(DEPLOYED if status == "SUCCESSFUL" else NOT_DEPLOYED, words)


def of_ecs_deploy(status: int, words: str, expected: str) -> Verdict:
    """What ecs-deploy's exit status and words come to."""
    lines = [line.strip(" .") for line in words.splitlines() if line.strip(" .")]
    if status == 0:
        told = [line for line in lines if line.startswith(("Deployment", "Deregister", "Successfully dereg"))]
        return Verdict(DEPLOYED, f"exit 0, “{'; '.join(told)}”")
    errors = [line for line in lines if "ERROR" in line or "rror:" in line or "ailed" in line]
    said = f"exit {status}, “{'; '.join(dict.fromkeys(errors))}”"
    # ECS has not given up where the tool has; neither has it when a clock ran out.
    gave_up = "due to timeout" in words or expected == UNDECIDED
    return Verdict(GAVE_UP if gave_up else NOT_DEPLOYED, said)


Judge = Callable[[str], Verdict]
"""Waits for a contender's verdict, knowing what it should be, since no verdict may be the right one."""


def see_through(town: Town, shop: Shop, name: str, scenario: Scenario, begin: Callable[[str, Scenario], Judge]) -> Case:
    """Begin a deployment, do to it what the scenario says, and compare what is said with what is so."""
    asked = time.time()
    judge = begin(name, scenario)

    def told() -> dict[str, Any] | None:
        updates = town.calls("ecs:UpdateService", asked)
        return next((call for call in updates if call["params"]["service"].endswith(name)), None)

    began = until(told, f"UpdateService of {name}")["at"]
    arn = str(shop.service(name)["currentServiceDeployment"])
    if scenario.meddle is not None:
        time.sleep(max(0.0, began + MEDDLE_AFTER - time.time()))
        scenario.meddle(shop, name)
    while not shop.record(arn).get("finishedAt") and time.time() < began + WATCHED:
        time.sleep(0.25)
    so = truth(shop.record(arn), shop.service(name))
    case = Case(so, judge(so.verdict))
    print(f"{name}: {case}", flush=True)
    return case


def by_the_bot(town: Town, name: str, scenario: Scenario) -> Judge:
    """Ask the bot; its verdict is the state of its operation, and what it says there."""
    text = f"/deploy {SYSTEM}/{scenario.name} {ENVIRONMENT} {scenario.version}"
    operation = town.deploy(CHANNEL, text)

    def judge(expected: str) -> Verdict:
        def ended() -> Verdict | None:
            seen = town.seen(operation)
            if seen.state in ("soaking", "done"):
                return Verdict(DEPLOYED, f"settled: “{seen.headline}”")
            if seen.state == "failed":
                return Verdict(NOT_DEPLOYED, f"failed: “{'; '.join((seen.headline, *seen.lines))}”")
            if expected == UNDECIDED:
                return Verdict(UNDECIDED, f"watching on: “{'; '.join((seen.headline, *seen.lines))}”")
            return None

        return until(ended, f"the bot's verdict about {name}")

    return judge


def by_ecs_deploy(town: Town, peer: Peer, name: str, scenario: Scenario) -> Judge:
    """Start ecs-deploy as it comes, but for its timeout."""
    options = ["--region", US, "--image", CONTAINER, image(scenario.version), "--timeout", str(scenario.timeout)]
    started = peer.start(["deploy", CLUSTER, name, *options], town.variables)

    def judge(expected: str) -> Verdict:
        ended = started.ended(WATCHED)
        return of_ecs_deploy(ended.status, ended.words, expected)

    return judge


def written(ours: Mapping[str, Case], theirs: Mapping[str, Case], peer: Peer) -> str:
    """The results as they are checked in."""
    rows = []
    for scenario in SCENARIOS:
        mine, other = ours[scenario.name], theirs[scenario.name]
        same = mine.truth.verdict == other.truth.verdict
        words = mine.truth.words if same else f"{mine.truth.words} (ecs-deploy's: {other.truth.words})"
        said = (cut(mine.said.words), mine.worth, cut(other.said.words), other.worth)
        rows.append((scenario.title, cut(words), *said))
    worths = [[case.worth for case in cases.values()] for cases in (ours, theirs)]
    wrong = [each.count("**wrong**") for each in worths]
    early = [each.count(GAVE_UP) for each in worths]
    return "\n".join(
        [
            "# Verdicts over ten scenarios",
            "",
            f"{machine()} `make bench`, with {peer.version}.",
            "",
            f"Of {len(SCENARIOS)}, wrong: this bot {wrong[0]}, `ecs deploy` {wrong[1]}; "
            f"given up before ECS had: {early[0]} and {early[1]}.",
            "",
            *table(("scenario", "truth", "this bot", "", "`ecs deploy`", ""), rows),
            "",
            *NOTES,
            "",
        ]
    )


def cut(words: str) -> str:
    """The beginning of what is said."""
    return words if len(words) <= SHOWN else f"{words[:SHOWN]}…”"


NOTES = (
    "The truth is the record that the sandbox's ECS keeps of the rollout. Each contender has a service of its own for",
    "each scenario, with the same settings, and ships to it with the real process over HTTP. The sandbox's clock runs",
    "at the world's pace for both: neither polls a world that moves faster than its own clock.",
    "",
    "The first four services, the superseded and the deleted one have a circuit breaker that does not roll back, so",
    "that ECS says FAILED of the deployment (STOPPED of the rollout), which `ecs deploy` looks for; with one that",
    "does, the first four would end as *breaker rollback*. Another deployment, the alarm and the deletion come three",
    "seconds after UpdateService.",
    "",
    "`ecs deploy` runs with `--timeout`, since its default of 300 s is for rollouts that take minutes, and here tasks",
    "are up in six seconds: 90 s, which nothing that ends outlasts; 30 s for *stuck placement*, which never ends; and",
    "15 s for *slow start*, which takes about 25 s here as one of six minutes does there (with the default it would",
    "have seen this one to its good end). Giving up by a clock,",
    "or on an event of a rollout that ECS goes on with, is counted neither as right nor as wrong, though a script",
    "sees exit status 1. This bot has no clock that runs out: it says what is slow and why, and watches on.",
)


def main() -> None:
    peer = install("ecs-deploy", "ecs", "setuptools")
    with tempfile.TemporaryDirectory(prefix="bench-verdicts-") as folder:
        town = Town(Path(folder) / "town", configured(Path(folder) / "config"))
        try:
            ours, theirs = compare(town, peer)
        finally:
            town.stop()
    (Path(__file__).parent / "results.md").write_text(written(ours, theirs, peer))


def compare(town: Town, peer: Peer) -> tuple[dict[str, Case], dict[str, Case]]:
    """All scenarios, first for the bot and then for the peer."""
    shop = Shop(town)
    contenders = {"": partial(by_the_bot, town), THEIRS: partial(by_ecs_deploy, town, peer)}
    for ending in contenders:
        for scenario in SCENARIOS:
            shop.create(scenario.name + ending, scenario)
        for scenario in SCENARIOS:
            until(partial(shop.stands, scenario.name + ending), f"{scenario.name}{ending} to stand")
    ours, theirs = (_all(town, shop, ending, begin) for ending, begin in contenders.items())
    return ours, theirs


def _all(town: Town, shop: Shop, ending: str, begin: Callable[[str, Scenario], Judge]) -> dict[str, Case]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cases = pool.map(lambda each: see_through(town, shop, each.name + ending, each, begin), SCENARIOS)
        return dict(zip((each.name for each in SCENARIOS), cases, strict=True))


if __name__ == "__main__":
    main()
