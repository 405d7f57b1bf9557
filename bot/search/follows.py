"""How many logs may be followed at once: each asks AWS every few seconds, and whoever searches asks it too."""

from __future__ import annotations

from bot.domain import Person
from bot.errors import ConflictError
from bot.ports import World

MOST_OF_ONE, MOST = 3, 6
"""Of one person, and in all: six ask 2.4 times a second of the five that FilterLogEvents takes."""


def refuse_many(world: World, person: Person) -> None:
    """Raises ConflictError where one more is too many."""
    followers = world.recent.followers()
    if followers.count(person.user) >= MOST_OF_ONE:
        hint = "Stop one of them in your conversation with me, or let it end."
        raise ConflictError(f"You follow {MOST_OF_ONE} logs already.", hint=hint)
    if len(followers) >= MOST:
        hint = "Each ends within minutes; until then search, as in last 5m."
        raise ConflictError(f"{MOST} logs are followed already, and AWS answers only so often.", hint=hint)
