"""Checks, said shortly."""

from __future__ import annotations

from bot.command import Check, CheckStatus, Override


def passed(name: str, detail: str = "") -> Check:
    """It was looked at and is well."""
    return Check(name=name, status=CheckStatus.PASSED, detail=detail)


def warned(name: str, detail: str) -> Check:
    """It is worth knowing, and forbids nothing."""
    return Check(name=name, status=CheckStatus.WARNED, detail=detail)


def blocking(name: str, detail: str, override: Override = Override.REASON) -> Check:
    """It forbids going on, unless somebody who may overrides it."""
    return Check(name=name, status=CheckStatus.BLOCKING, detail=detail, override=override)


def unknown(name: str, why: object) -> Check:
    """It could not be looked at; the error says why, and which permission is lacking."""
    return Check(name=name, status=CheckStatus.UNKNOWN, detail=unread(why))


def unread(why: object) -> str:
    """Why something could not be read."""
    return "AWS did not answer in time" if isinstance(why, TimeoutError) else str(why)
