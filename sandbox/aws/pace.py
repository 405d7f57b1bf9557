"""Keeps moto from finding out anew, for every request, what never changes: its own folders, and its methods' names."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from moto import backends
from moto.backends import list_of_moto_modules
from moto.core import responses
from moto.core.utils import camelcase_to_underscores

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_method_name = lru_cache(maxsize=10_000)(camelcase_to_underscores)


@cache
def _modules() -> tuple[str, ...]:
    return tuple(list_of_moto_modules())


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(backends, "list_of_moto_modules", _modules)  # noqa: B010
    setattr(responses, "camelcase_to_underscores", _method_name)  # noqa: B010
