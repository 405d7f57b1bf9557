"""Reasons and phrases: asked for in a modal, handed to the operation as a signal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.command import Check, CheckStatus, Plan
from bot.domain import Actor, as_json
from bot.errors import ConflictError
from bot.operation import Operation, State
from bot.prompts import asks
from bot.rows import NewRow
from sandbox.slack.blocks import check_view
from tests.bot.form_room import FormRoom
from tests.fakes import buttons
from tests.scene import ALICE, BOB, CARA, Scene

PHRASE = "0 bi/api production"
NAME = "image: architecture"
PLAN = Plan(
    title="Scale bi/api production <!channel>",
    checks=(Check(name=NAME, status=CheckStatus.BLOCKING, detail="the secret `db` does not exist"),),
    phrase=PHRASE,
)


@pytest.fixture
def room(scene: Scene) -> Iterator[FormRoom]:
    made = FormRoom(scene)
    yield made
    made.close()


def proposed(room: FormRoom) -> str:
    """An operation that waits; its id."""
    operation = Operation(command="scale", args={}, actor=Actor(user=ALICE, channel="C0BI"), plan=PLAN)
    new = NewRow(kind="operation", key="o1", state=State.PROPOSED, body=as_json(operation), due_at=None)
    return room.engine.add(new)[0].id


def press(room: FormRoom, action: str, value: str, user: str = BOB) -> Any:
    said = room.submissions.prompt(
        f"operation:{action}", value, Actor(user=user, channel="C0BI"), trigger_id="t1", response_url="", key="p1"
    )
    room.run()
    return said


def opened(room: FormRoom, action: str, check: str = "") -> str:
    operation = proposed(room)
    assert press(room, action, f"{operation}:abc123{f':{check}' if check else ''}") is None
    check_view(room.view)
    return operation


def told(room: FormRoom, operation: str) -> list[tuple[str, dict[str, Any]]]:
    return [(signal.name, dict(signal.payload)) for signal in room.scene.store.pending(operation)]


def test_only_some_buttons_ask() -> None:
    assert all(map(asks, ("operation:override", "operation:emergency", "operation:typed", "operation:override:2")))
    assert not any(map(asks, ("operation:confirm", "incident:override", "operation:overrides", "")))


@pytest.mark.parametrize(
    ("action", "title"), [("override", "Override"), ("emergency", "Emergency"), ("override:1", "Override")]
)
def test_a_reason_is_asked_for_with_the_check_that_forbids_it_and_told_to_the_operation(
    room: FormRoom, action: str, title: str
) -> None:
    operation = opened(room, action, NAME)
    assert room.view["title"]["text"] == title
    shown = room.view["blocks"][0]["text"]["text"]
    assert NAME in shown
    assert "<!channel>" not in shown
    room.enter(reason="the secret is made by the new version itself")
    assert room.submit(user=BOB) is None
    payload = {
        "user": BOB,
        "plan": "abc123",
        "check": NAME,
        "reason": "the secret is made by the new version itself",
    }
    assert told(room, operation) == [(action.partition(":")[0], payload)]


def test_a_reason_says_something(room: FormRoom) -> None:
    operation = opened(room, "override", NAME)
    room.enter(reason="  x \u200b ")
    assert room.submit() == {"reason": "Say why, in a few words."}
    assert told(room, operation) == []


def test_a_phrase_is_typed_exactly_and_confirms(room: FormRoom) -> None:
    operation = opened(room, "typed")
    assert f"`{PHRASE}`" in room.view["blocks"][0]["text"]["text"]
    room.enter(phrase="1 bi/api production")
    assert room.submit() == {"phrase": f"This is not it. Type exactly: {PHRASE}"}
    room.enter(phrase=f" {PHRASE.replace(' ', chr(0xA0))} ")
    assert room.submit() is None
    assert told(room, operation) == [("confirm", {"user": ALICE, "plan": "abc123", "typed": PHRASE})]


def test_a_prompt_that_arrives_twice_is_told_once(room: FormRoom) -> None:
    operation = opened(room, "typed")
    room.enter(phrase=PHRASE)
    assert room.submit() is None
    assert room.submit() is None
    assert len(told(room, operation)) == 1


def test_an_operation_that_is_gone_is_told_at_once_before_and_after_the_prompt(room: FormRoom) -> None:
    said = press(room, "override", "gone:abc:check")
    assert "I no longer have this operation" in said.text
    assert room.chat.views == {}
    opened(room, "typed")
    room.enter(phrase=PHRASE)
    room.scene.store.forget(room.scene.clock.now() + 1e9)
    assert room.submit() == {"phrase": "I no longer have this operation; it is too old. Ask for a fresh plan."}


def test_a_prompt_that_is_too_late_says_to_press_again(room: FormRoom) -> None:
    operation = proposed(room)
    room.chat.failures.add("open_view", ConflictError("Slack gives three seconds to open a form."))
    press(room, "override", f"{operation}:abc:{NAME}")
    (whispered,) = room.chat.whispers
    assert (whispered.channel, whispered.user) == ("C0BI", BOB)
    assert "three seconds to open a form. Press the button again." in whispered.message.text


def test_a_prompt_that_may_have_opened_before_the_bot_died_is_not_called_lost(room: FormRoom) -> None:
    operation = proposed(room)
    value = f"{operation}:abc:{NAME}"
    room.submissions.prompt(
        "operation:override", value, Actor(user=BOB, channel="C0BI"), trigger_id="t1", response_url="", key="p1"
    )
    room.scene.store.claim(["prompt"], owner="dead", lease=60, limit=1, now=room.scene.clock.now())
    room.scene.store.release()
    room.chat.failures.add("open_view", ConflictError("This form was opened before."))
    room.run()
    (whispered,) = room.chat.whispers
    assert "If no form is in front of you, press the button again." in whispered.message.text
    assert room.row("prompt").state == "done"


def test_a_prompt_of_another_version_of_the_bot_says_so(room: FormRoom) -> None:
    opened(room, "typed")
    block = room.block("phrase")["block_id"]
    for metadata in ("{}", '{"asks": "nothing"}'):
        wrong = room.submissions.submit(room.shown() | {"private_metadata": metadata}, Actor(user=ALICE))
        assert wrong == {block: "This form is of another version of the bot. Close it and ask again."}


def ask(scene: Scene, action: str, user: str, **entered: str) -> dict[str, str] | None:
    """Press a button of the newest card that asks for something, and answer it."""
    value = buttons(scene.card().message)[action]
    actor = Actor(user=user, channel="C0BI")
    assert (
        scene.submissions.prompt(action, value, actor, trigger_id="t", response_url="", key=f"p{len(scene.chat.views)}")
        is None
    )
    scene.run()
    view_id, view = list(scene.chat.views.items())[-1]
    ((name, text),) = entered.items()
    block = next(one for one in view["blocks"] if one["type"] == "input")
    values = {block["block_id"]: {f"field:{name}": {"type": "plain_text_input", "value": text}}}
    wrong = scene.submissions.submit(view | {"id": view_id, "state": {"values": values}}, Actor(user=user))
    scene.run(2)
    return wrong


def test_the_button_of_a_forbidden_plan_leads_to_its_override(scene: Scene) -> None:
    scene.ecs.stand_still(scene.api)
    scene.propose()
    assert ask(scene, "operation:override:0", CARA, reason="the second task is gone anyway") is None
    (overridden,) = scene.operation()[1].overrides
    assert (overridden.check, overridden.user, overridden.reason) == (
        "room to roll",
        CARA,
        "the second task is gone anyway",
    )


def test_the_button_of_zero_tasks_in_production_confirms_with_the_phrase(scene: Scene) -> None:
    assert scene.type("ops", "scale api production 0") is None
    wrong = ask(scene, "operation:typed", ALICE, phrase="bi/api 1")
    assert wrong is not None
    assert list(wrong.values()) == ["This is not it. Type exactly: bi/api 0"]
    row_id = scene.operation()[0].id
    assert scene.state(row_id) == State.PROPOSED
    assert scene.ecs.writes == []
    assert ask(scene, "operation:typed", ALICE, phrase="bi/api 0") is None
    assert scene.state(row_id) != State.PROPOSED
    assert scene.ecs.writes == ["desired bi/production/api 0"]
