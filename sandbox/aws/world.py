"""The AWS that is running now: what patches of moto's code ask for the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_current: list[AwsServer] = []


def current() -> AwsServer:
    """The AwsServer started last. Raises LookupError before the first start."""
    if not _current:
        raise LookupError("no pretend AWS was started")
    return _current[-1]


def make_current(aws: AwsServer) -> None:
    """From now on patches see this one."""
    _current[:] = [aws]
