"""What differs between two task definitions, as AWS describes them; values of variables are never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.shipping.images import short_digest

Raw = Mapping[str, Any]

# What AWS adds to a description by itself, or what this comparison treats in its own way.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
_COMPUTED = frozenset(
    (
        *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
        *("registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt", "tags"),
    )
)
_WORDS = {
    "taskRoleArn": "task role",
    "executionRoleArn": "execution role",
    "runtimePlatform": "platform",
    "networkMode": "network mode",
    "memoryReservation": "memory reservation",
    "portMappings": "ports",
    "logConfiguration": "logs",
    "healthCheck": "health check",
    "entryPoint": "entry point",
    "environmentFiles": "environment files",
    "containerDefinitions": "containers",
}
_SHOWN = ("image", "cpu", "memory", "memoryReservation", "taskRoleArn", "executionRoleArn", "networkMode", "family")
_EMPTY: tuple[Any, ...] = (None, "", [], {}, 0, False)


def differences(before: Raw, after: Raw) -> tuple[str, ...]:
    """One line for each thing that differs, containers by name; empty when the two run the same in the same way.

    Environment variables are named and never shown; secrets are named by the variable they fill.
    """
    task = _members(before, after, skip=(*_COMPUTED, "containerDefinitions"))
    was, will = _named(before, "containerDefinitions", "name"), _named(after, "containerDefinitions", "name")
    lines = [_line("", *each) for each in task]
    for name in dict.fromkeys((*was, *will)):
        if name not in was or name not in will:
            lines.append(f"container {name}: {'added' if name in will else 'removed'}")
        else:
            lines += _container(name, was[name], will[name])
    return tuple(lines)


def _container(name: str, was: Raw, will: Raw) -> Iterator[str]:
    for each in _members(was, will, skip=("name", "environment", "secrets")):
        yield _line(f"{name} ", *each)
    yield from _variables(f"{name} environment", _named(was, "environment"), _named(will, "environment"))
    yield from _variables(f"{name} secrets", _named(was, "secrets"), _named(will, "secrets"))


def _members(was: Raw, will: Raw, *, skip: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*was, *will)):
        old, new = was.get(key), will.get(key)
        # A member that is absent and one that is empty mean the same.
        if key not in skip and old != new and not (old in _EMPTY and new in _EMPTY):
            yield key, old, new


def _line(place: str, key: str, old: Any, new: Any) -> str:
    words = _WORDS.get(key, key)
    if key not in _SHOWN:
        return f"{place}{words}: changed"
    short: Callable[[Any], str] = _role if key.endswith("RoleArn") else _image if key == "image" else str
    return f"{place}{words}: {short(old) if old else 'none'} → {short(new) if new else 'none'}"


def _role(arn: Any) -> str:
    return str(arn).rpartition("/")[2]


def _image(reference: Any) -> str:
    """Without its registry, and of a digest only as much as tells it from others."""
    registry, _, rest = str(reference).partition("/")
    image = rest if "." in registry else str(reference)
    name, by_digest, digest = image.partition("@")
    return f"{name}@{short_digest(digest)}" if by_digest else image


def _named(raw: Raw, key: str, name: str = "name") -> dict[str, Any]:
    return {str(each.get(name, "")): each for each in raw.get(key) or []}


def _variables(place: str, was: Mapping[str, Raw], will: Mapping[str, Raw]) -> Iterator[str]:
    parts = (
        ("added", [name for name in will if name not in was]),
        ("removed", [name for name in was if name not in will]),
        ("changed", [name for name in will if name in was and dict(was[name]) != dict(will[name])]),
    )
    said = [f"{word} {', '.join(sorted(names))}" for word, names in parts if names]
    if said:
        yield f"{place}: {'; '.join(said)}"


def with_images(raw: Raw, images: Mapping[str, str]) -> dict[str, Any]:
    """A task definition with the images of these containers changed."""
    containers = [
        {**each, "image": images.get(str(each.get("name")), each.get("image"))}
        for each in raw.get("containerDefinitions") or []
    ]
    return {**raw, "containerDefinitions": containers}
