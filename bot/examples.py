"""Examples of commands that work on the configuration of whoever reads them.

They are written for a service ``bi/api`` that runs on ECS in ``production``, and shown for one of the reader's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.catalog import Catalog
from bot.command import Command
from bot.domain import ServiceKind, Target

ALARM = "bi-production-api-latency-p95"
"""The alarm that examples are written for."""
LOGS = "logs"
"""The action of what reads the logs of a service."""
METRICS = "metrics"
"""The command that shows the signals of a service."""
PLACEHOLDERS = {"v1.4.2": "<version>", "v2.0.0": "<version>", "41": "<version>", "0f3a91c2": "<task id>"}
"""What only the reader can know of a service."""
# The signals that every service of a kind has, whatever it stands behind and leans on.
_SIGNALS = {
    ServiceKind.ECS: {},
    ServiceKind.LAMBDA: {
        "cpu": "errors",
        "memory": "latency",
        "tasks": "throttles",
        "AWS/ECS/CPUUtilization": "AWS/Lambda/Errors",
    },
    ServiceKind.STATIC_SITE: {
        "cpu": "requests",
        "memory": "errors",
        "tasks": "traffic",
        "AWS/ECS/CPUUtilization": "AWS/CloudFront/Requests",
    },
}


def fits(command: Command, target: Target) -> bool:
    """Whether the command is for services of that kind, and finds there what it reads."""
    if command.action == LOGS and not target.service.writes_logs:
        return False
    if command.name == METRICS and target.service.kind is ServiceKind.STATIC_SITE:
        return bool(target.service.distribution)
    return not command.kinds or target.service.kind in command.kinds


def likely(catalog: Catalog, lately: Iterable[str], is_here: Callable[[Target], bool]) -> list[Target]:
    """All services in the order in which somebody may mean them.

    Their latest (keys), those of a system that has one in the channel, and the others.
    """
    own = [target for target in map(catalog.target, lately) if target is not None]
    systems = {target.system for target in catalog.targets if is_here(target)}
    here = [target for target in catalog.targets if target.system in systems]
    return list({target.key: target for target in (*own, *here, *catalog.targets)}.values())


def sample(command: Command, targets: Iterable[Target]) -> Target | None:
    """The first service that the command is for."""
    return next((target for target in targets if fits(command, target)), None)


def examples(command: Command, where: Target | None, catalog: Catalog) -> tuple[str, ...]:
    """The words of the command's examples, said of a service; as they are written where there is none.

    What only the reader can know is a placeholder, <version>. An example with an alarm is left out when the
    configuration lists none.
    """
    if where is None:
        return command.examples
    names = {target.system for target in catalog.matching(where.name)}
    whole = f"{where.system}/{where.name}"
    listed = (alarm.name for target in (where, *catalog.targets) for alarm in target.service.alarms)
    own = {
        "bi": where.system,
        "bi/api": whole,
        "bi/production": f"{where.system}/{where.environment}",
        "api": where.name if names == {where.system} else whole,
        "production": where.environment,
        "prod": where.environment,
        ALARM: next(listed, ""),
        **PLACEHOLDERS,
        **(_SIGNALS[where.service.kind] if command.name == METRICS else {}),
    }
    said = ([own.get(word, word) for word in example.split(" ")] for example in command.examples)
    return tuple(
        " ".join(words) for words, example in zip(said, command.examples, strict=True) if all(words) or not example
    )
