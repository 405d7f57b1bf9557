from __future__ import annotations

from bot.shipping.functions import LAMBDA
from tests.bot.shipping.functions_room import DAY, Room, a_version
from tests.fakes import NOON


def test_a_form_offers_the_zips_there_are_with_their_age() -> None:
    room = Room()
    found = LAMBDA.versions(room.target, room.world)
    assert [(each.word, each.label) for each in found] == [
        ("v1.2.0", "v1.2.0 · 1 h old"),
        ("v1.1.0", "v1.1.0 · 3 days old"),
    ]


def test_a_form_offers_the_tags_of_the_functions_repository() -> None:
    room = Room(artifact="")
    room.use_images()
    assert {each.word for each in LAMBDA.versions(room.target, room.world)} == {"v1.1.0", "v1.2.0"}


def test_a_zip_without_a_place_to_look_for_it_offers_nothing() -> None:
    room = Room(artifact="")
    assert LAMBDA.versions(room.target, room.world) == ()


def test_a_form_offers_what_could_be_gone_back_to_and_says_what_proved_good() -> None:
    room = Room()
    room.functions.found["3"] = a_version("3", "three", modified_at=NOON - DAY)
    room.ledger.add("deploy", "v1.0.0", "1")
    found = LAMBDA.earlier(room.target, room.world)
    assert [(each.word, each.label) for each in found] == [
        ("3", "version 3 · 24 h old"),
        ("1", "v1.0.0 (version 1) · 9 days old · good"),
    ]


def test_strategies_have_names_of_their_own() -> None:
    assert set(LAMBDA.strategies) == {"lambda", "lambda_rollback"}
