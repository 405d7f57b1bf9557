"""What is offered to do about an incident, as it is shown and stored."""

from __future__ import annotations

from bot.domain import Fact, Frozen


class Offered(Frozen):
    """One thing to do, with why. ``command`` is a command line ready for the one road; advice carries none.

    ``facts`` are those that speak for it: none for what is merely possible. ``label`` and ``because`` are plain text,
    escaped where they are shown.
    """

    label: str
    command: str = ""
    because: str = ""
    facts: tuple[Fact, ...] = ()
