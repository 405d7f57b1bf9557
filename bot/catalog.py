"""Every service of every environment, found by what people type and by what alarms say."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.domain import Account, Service, ServiceKind, Severity, System, Target
from bot.errors import NotFoundError
from bot.holds import lies_in

GLOBAL_REGION = "us-east-1"
"""CloudFront's metrics, and so its alarms, exist only here."""

_SHOWN = 12


class Catalog:
    """The configured systems, indexed. Every look-up but a misspelt one is a dictionary's."""

    def __init__(self, systems: Sequence[System]) -> None:
        self.systems: tuple[System, ...] = tuple(systems)
        self.targets: tuple[Target, ...] = tuple(target for system in systems for target in _targets(system))
        self._systems = {system.system: system for system in self.systems}
        self._by_key = {target.key: target for target in self.targets}
        self._by_word: dict[str, list[Target]] = {}
        self._by_alarm: dict[str, list[tuple[str, Target, Severity]]] = {}
        self._by_dimensions: dict[tuple[str, ...], Target] = {}
        for target in self.targets:
            self._index(target)

    def _index(self, target: Target) -> None:
        for word in (target.name, target.system, f"{target.system}/{target.name}"):
            self._by_word.setdefault(word.lower(), []).append(target)
        regions = [target.account.region]
        if target.service.kind is ServiceKind.STATIC_SITE:
            regions.append(GLOBAL_REGION)
        for alarm in target.service.alarms:
            self._by_alarm.setdefault(alarm.name, []).extend((region, target, alarm.severity) for region in regions)
        for dimensions in _dimension_keys(target.account.region, target.name, target.service):
            self._by_dimensions.setdefault(dimensions, target)

    def system(self, name: str) -> System | None:
        """A system by its short name."""
        return self._systems.get(name.strip().lower())

    def zone(self, target: Target | None) -> str:
        """The IANA name of the zone in which people read times of a target: its system's, UTC for none."""
        system = self._systems.get(target.system) if target is not None else None
        return system.zone if system is not None else "UTC"

    def target(self, key: str) -> Target | None:
        """A target by its key in the store, ``system/environment/service``."""
        return self._by_key.get(key)

    def account(self, target: Target) -> Account:
        """Where AWS calls about a target go."""
        return target.account

    def masked_fields(self, target: Target | None) -> tuple[str, ...]:
        """The fields that what is told to a whole channel masks: of the target's system, of all for what has none."""
        systems = [self._systems.get(target.system)] if target is not None else [*self.systems]
        return tuple(dict.fromkeys(field for each in systems if each is not None for field in each.logs.masked))

    def find(self, service: str, environment: str | None = None) -> Target:
        """The one target that is meant.

        ``service`` is ``api``, ``bi/api``, or a system with a single service; ``environment`` a name or the
        beginning of exactly one, and may be left out where there is only one. Case does not count. Raises
        NotFoundError that lists what there is.
        """
        found = self.matching(service, environment)
        if len(found) == 1:
            return found[0]
        names = _unique(f"{target.system}/{target.name}" for target in found)
        system = self.system(service)
        if len(names) > 1 and system is not None and {target.system for target in found} == {system.system}:
            services = _listed(_unique(target.name for target in found), "and")
            message = f"{system.system} is a system; its services are {services}."
            raise NotFoundError(message, hint=f"Say which one, as {names[0]}.")
        if len(names) > 1:
            raise NotFoundError(f"'{_quote(service)}' could be {_listed(names, 'or')}.", hint="Say which one.")
        environments = _unique(target.environment for target in found)
        raise NotFoundError(f"{names[0]} runs in {_listed(environments, 'and')}.", hint="Say in which one.")

    def matching(self, service: str | None = None, environment: str | None = None) -> tuple[Target, ...]:
        """All targets a listing means, in the order of the configuration; at least one.

        A system's name selects all its services, a service's name that of every system. Raises NotFoundError
        for a word that fits nothing.
        """
        found = self.targets if not service else self._named(service)
        return found if not environment else self._in_environment(found, environment)

    def place(self, words: str) -> str:
        """The place that people mean: a prefix of target keys, empty for everything.

        ``all``, ``bi``, ``bi/production`` or ``bi/api production``; the environment and the service come in either
        order, and slashes are as good as blanks. Raises NotFoundError with the nearest names.
        """
        typed = words.lower().replace("/", " ").split() or [""]
        if typed == ["all"]:
            return ""
        system = self._systems.get(typed[0])
        if system is None:
            near = _near(typed[0], [*self._systems, "all"])
            hint = f"Did you mean {_listed(near, 'or')}?" if near else f"There are {_listed([*self._systems], 'and')}."
            raise NotFoundError(f"There is no system '{_quote(typed[0])}'.", hint=hint)
        inside = [target for target in self.targets if target.system == system.system]
        if len(typed) == 1:
            return system.system
        names = {target.name for target in inside}
        services = [word for word in typed[1:] if word in names]
        others = [word for word in typed[1:] if word not in names]
        if len(services) > 1 or len(others) > 1:
            hint = f"Say a system, an environment and a service: {inside[0].label}."
            raise NotFoundError(f"'{_quote(words)}' is no place.", hint=hint)
        if services:
            return self.find(f"{system.system}/{services[0]}", others[0] if others else None).key
        near = _near(others[0], names)
        environments = _unique(target.environment for target in inside)
        if near and not any(name.startswith(others[0]) for name in environments):
            raise NotFoundError(
                f"{system.system} has no service and no environment '{_quote(others[0])}'.",
                hint=f"Did you mean {_listed(near, 'or')}?",
            )
        return f"{system.system}/{self._in_environment(inside, others[0])[0].environment}"

    def inside(self, place: str) -> tuple[Target, ...]:
        """The targets of a place."""
        return tuple(target for target in self.targets if lies_in(target.key, place))

    def by_alarm(self, name: str, region: str = "") -> tuple[Target, Severity] | None:
        """The target that lists an alarm; with a region only one that lives there."""
        for alarm_region, target, severity in self._by_alarm.get(name, ()):
            if region in ("", alarm_region):
                return target, severity
        return None

    def by_dimensions(self, region: str, dims: Mapping[str, str]) -> Target | None:
        """The target whose metrics carry these CloudWatch dimensions; more dimensions than needed do no harm."""
        keys = (
            ("ecs", region, dims.get("ClusterName", ""), dims.get("ServiceName", "")),
            ("lambda", region, dims.get("FunctionName", "")),
            ("bucket", dims.get("BucketName", "")),
            ("distribution", dims.get("DistributionId", "")),
        )
        return next((self._by_dimensions[key] for key in keys if key in self._by_dimensions), None)

    def _named(self, service: str) -> tuple[Target, ...]:
        found = self._by_word.get(service.strip().lower())
        if found:
            return tuple(found)
        near = self._apart(_near(service, self._by_word))
        if near:
            hint = f"Did you mean {_listed(near, 'or')}?"
        else:
            hint = f"There are {_listed(_unique(f'{each.system}/{each.name}' for each in self.targets), 'and')}."
        raise NotFoundError(f"There is no service '{_quote(service)}'.", hint=hint)

    def _apart(self, words: Iterable[str]) -> list[str]:
        """The words without those that mean a service which a word before them means already."""
        kept: list[str] = []
        named: set[tuple[str, str]] = set()
        for word in words:
            services = {(target.system, target.name) for target in self._by_word[word]}
            if named.isdisjoint(services):
                kept.append(word)
                named |= services
        return kept

    def _in_environment(self, found: Sequence[Target], environment: str) -> tuple[Target, ...]:
        word = environment.strip().lower()
        names = _unique(target.environment for target in found)
        meant = [name for name in names if name.lower() == word] or [n for n in names if word and n.startswith(word)]
        if len(meant) == 1:
            return tuple(target for target in found if target.environment == meant[0])
        if meant:
            message = f"'{_quote(environment)}' could be {_listed(meant, 'or')}."
            raise NotFoundError(message, hint="Write more of it.")
        services = _unique(f"{target.system}/{target.name}" for target in found)
        where = f"{services[0]} does not run in" if len(services) == 1 else "There is no environment"
        near = _near(environment, names) or [name for name in names if word and _abbreviates(word, name)]
        hint = f"Did you mean {_listed(near, 'or')}?" if near else f"Known here: {_listed(names, 'and')}."
        raise NotFoundError(f"{where} '{_quote(environment)}'.", hint=hint)


def alarm_accounts(target: Target) -> tuple[Account, ...]:
    """Where the alarms of a target may live: its own region, and for a static site that of CloudFront too."""
    if target.service.kind is not ServiceKind.STATIC_SITE or target.account.region == GLOBAL_REGION:
        return (target.account,)
    return target.account, replace(target.account, region=GLOBAL_REGION)


def _targets(system: System) -> Iterable[Target]:
    for name, environment in system.environments.items():
        account = Account(
            region=environment.region or system.region,
            role_arn=environment.role_arn or system.role_arn,
            # An id belongs to the role it was agreed for.
            external_id=environment.external_id if environment.role_arn else system.external_id,
        )
        channel = environment.channel or system.channel
        for service_name, service in environment.services.items():
            yield Target(
                *(system.system, name, service_name, service, account, channel, environment.production),
                *(environment.checklist, environment.on_failure),
            )


def _dimension_keys(region: str, name: str, service: Service) -> Iterable[tuple[str, ...]]:
    if service.kind is ServiceKind.ECS:
        yield ("ecs", region, service.cluster, service.service or name)
    elif service.kind is ServiceKind.LAMBDA:
        yield ("lambda", region, service.function)
    elif service.kind is ServiceKind.STATIC_SITE:
        # Names of buckets and ids of distributions are unique in the whole of AWS.
        yield ("bucket", service.bucket)
        yield ("distribution", service.distribution)


def _near(word: str, known: Iterable[str]) -> list[str]:
    """At most three words that were probably meant, best first; the word is cut because people paste anything."""
    return difflib.get_close_matches(word.strip().lower()[:60], list(known), n=3, cutoff=0.6)


def _abbreviates(word: str, name: str) -> bool:
    """True when the word's letters stand in the name in this order, as in ``prd`` or ``stg``."""
    letters = iter(name)
    return all(letter in letters for letter in word)


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _listed(words: Sequence[str], joint: str) -> str:
    if len(words) > _SHOWN:
        return f"{', '.join(words[:_SHOWN])} {joint} {len(words) - _SHOWN} more"
    return f" {joint} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "none"


def _quote(word: str) -> str:
    return "".join(char if char.isprintable() else " " for char in word.strip()[:60])
