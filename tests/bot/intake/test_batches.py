from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from bot.intake.batches import MOST, Batches
from bot.intake.delivery import Delivery


def delivery(name: str) -> Delivery:
    return Delivery(name, "", 1.0, "", name, "https")


class Store:
    """Stores batches; the first one only when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.known: set[str] = set()
        self.broken: Exception | None = None

    def accept(self, deliveries: Sequence[Delivery]) -> list[bool | Exception]:
        self.batches.append([each.text for each in deliveries])
        self.begun.set()
        assert self.go_on.wait(5)
        if self.broken:
            raise self.broken
        return [self._take(each) for each in deliveries]

    def _take(self, each: Delivery) -> bool | Exception:
        if each.text.startswith("bad"):
            return ValueError(each.text)
        new = each.text not in self.known
        self.known.add(each.text)
        return new


async def outcomes(store: Store, *names: str) -> list[bool | BaseException]:
    """All are asked for before the first is stored."""
    batches = Batches(store.accept)
    asked = [asyncio.create_task(batches.store(delivery(name))) for name in names]
    assert await asyncio.to_thread(store.begun.wait, 5)
    store.go_on.set()
    return await asyncio.gather(*asked, return_exceptions=True)


def test_what_arrives_while_others_are_stored_goes_together_in_its_order() -> None:
    store = Store()
    names = [f"{number:03}" for number in range(2 * MOST)]
    assert asyncio.run(outcomes(store, *names)) == [True] * len(names)
    assert [name for batch in store.batches for name in batch] == names
    assert max(len(batch) for batch in store.batches) == MOST
    assert len(store.batches) <= 3


def test_each_has_its_own_outcome() -> None:
    one, bad, again, two = asyncio.run(outcomes(Store(), "one", "bad", "one", "two"))
    assert (one, again, two) == (True, False, True)
    assert isinstance(bad, ValueError)


def test_a_store_that_is_down_is_told_to_all_and_the_next_are_stored() -> None:
    store = Store()
    store.broken = OSError("disk full")
    found = asyncio.run(outcomes(store, "a", "b"))
    assert {type(each) for each in found} == {OSError}
    store.broken = None
    assert asyncio.run(outcomes(store, "a")) == [True]


def test_who_has_gone_meanwhile_leaves_the_others_alone() -> None:
    store = Store()

    async def leave() -> list[bool | BaseException]:
        batches = Batches(store.accept)
        gone = asyncio.create_task(batches.store(delivery("gone")))
        assert await asyncio.to_thread(store.begun.wait, 5)
        stays = asyncio.create_task(batches.store(delivery("stays")))
        await asyncio.sleep(0)
        gone.cancel()
        store.go_on.set()
        return list(await asyncio.gather(gone, stays, return_exceptions=True))

    gone, stays = asyncio.run(leave())
    assert isinstance(gone, asyncio.CancelledError)
    assert stays is True
    assert store.known == {"gone", "stays"}
