"""Masked fields, secrets and markup of what is logged: what is shown of them, and to whom."""

from __future__ import annotations

from bot.domain import Actor
from bot.telemetry import QueryAnswer
from tests.commands.test_logs import KEY, ask, told, write
from tests.commands.test_logs import scene as _room
from tests.fakes import button_labels
from tests.scene import ALICE, CARA, Scene

scene = _room
"""A service whose ``customer_id`` is masked for all but the chiefs."""


def test_secrets_markup_and_control_characters_of_a_log_reach_nobody(scene: Scene) -> None:
    write(scene, f"ERROR <!channel> *bold* \x1b[31mred {KEY} password=hunter2 ``` <https://evil.example|ok>")
    message = ask(scene, "")
    assert KEY not in told(message) and "hunter2" not in told(message) and "\\x1b" not in told(message)
    assert "<!channel>" not in told(message) and "<https://evil" not in told(message)
    pressed = button_labels(message)["Whole as a file"]
    scene.desk.press(*pressed, Actor(user=ALICE, channel="C0BI"), key="p1")
    scene.run(3)
    content = scene.chat.files[-1].content.decode()
    assert "ERROR" in content and KEY not in content and "hunter2" not in content


def test_masked_fields_are_found_by_their_value_and_not_shown(scene: Scene) -> None:
    write(scene, '{"msg":"failed","customer_id":"abc123"}', "other customer_id=zzz999", "served customer_id=abc123")
    said = told(ask(scene, "customer_id=abc123"))
    assert "*2* lines match" in said
    assert "abc123" not in said and "[masked]" in said
    assert "abc123" in told(ask(scene, "customer_id=abc123", user=CARA))


def test_the_rows_of_a_query_keep_the_end_of_a_stack_trace_and_no_masked_field(scene: Scene) -> None:
    trace = "Traceback (most recent call last):\n" + "  File x.py\n" * 200 + "ValueError: the end"
    rows = ({"@message": trace}, {"@message": "x" * 350 + " customer_id=" + "k" * 900, "customer_id": "abc123"})
    scene.insights.answer = QueryAnswer(rows, 2, 9, 100)
    said = told(ask(scene, "query slow last 3h"))
    assert "Traceback" in said and "ValueError: the end" in said
    assert "kkk" not in said and "abc123" not in said and "customer_id [masked]" in said


def test_rows_of_a_query_show_no_masked_column_and_no_secret(scene: Scene) -> None:
    row = {"customer_id": "abc123", "password": "hunter2", "n": "7", "text": "customer_id=abc123"}
    scene.insights.answer = QueryAnswer((row,), 1, 9, 100)
    said = told(ask(scene, "query slow last 3h"))
    assert "customer_id [masked]" in said and "n 7" in said
    assert "abc123" not in said and "hunter2" not in said


def test_what_looks_like_a_secret_is_not_searched_for_nor_stored(scene: Scene) -> None:
    said = scene.flow.receive("ops", f"logs bi/api production {KEY}", Actor(user=ALICE, channel="C0BI"))
    assert said is not None and "looks like a secret" in told(said) and KEY not in told(said)
    assert scene.operations() == []
    assert "*No line matches*" in told(ask(scene, "to=ada@example.com"))


def test_what_is_shared_is_masked_for_everybody(scene: Scene) -> None:
    write(scene, '{"msg":"failed","customer_id":"abc123"}')
    message = ask(scene, "failed", user=CARA)
    assert "abc123" in told(message)
    scene.desk.press(*button_labels(message)["Share"], Actor(user=CARA, channel="C0BI"), key="share")
    scene.run(4)
    (shared,) = scene.chat.posts
    assert "abc123" not in told(shared.message) and "[masked]" in told(shared.message)
    assert [b"abc123" in file.content for file in scene.chat.files] == [False]


def test_lines_of_a_trace_beside_those_found_are_masked_too(scene: Scene) -> None:
    write(scene, "ERROR it failed", "Traceback (most recent call last):", "    f(customer_id=abc123)", every=0.01)
    said = told(ask(scene, "failed"))
    assert "f(customer_id=[masked])" in said and "abc123" not in said
    message = ask(scene, "failed", user=CARA)
    assert "f(customer_id=abc123)" in told(message), "who may unmask sees it"
    scene.desk.press(*button_labels(message)["Share"], Actor(user=CARA, channel="C0BI"), key="share")
    scene.run(4)
    (shared,) = scene.chat.posts
    assert "Traceback" in told(shared.message) and "abc123" not in told(shared.message)
    assert [(b"Traceback" in file.content, b"abc123" in file.content) for file in scene.chat.files] == [(True, False)]


def test_what_was_looked_for_is_not_shared_by_the_console_s_address(scene: Scene) -> None:
    write(scene, '{"msg":"failed","customer_id":"abc123"}')
    message = ask(scene, "customer_id=abc123", user=CARA)
    assert "Open in CloudWatch" in told(message)
    scene.desk.press(*button_labels(message)["Share"], Actor(user=CARA, channel="C0BI"), key="share")
    scene.run(4)
    (shared,) = scene.chat.posts
    assert "abc123" not in f"{shared.message}" and "`customer_id=[masked]`" in told(shared.message)
    assert "Open in CloudWatch" not in told(shared.message)


def test_a_link_that_stands_alone_is_not_shared_either(scene: Scene) -> None:
    write(scene, '{"msg":"failed","customer_id":"abc123"}')
    others = " ".join(f'-"{number} {"é" * 30}"' for number in range(5))
    message = ask(scene, f"customer_id=abc123 {others}", user=CARA)
    assert message.blocks[-2]["text"]["text"].startswith("<https://")
    scene.desk.press(*button_labels(message)["Share"], Actor(user=CARA, channel="C0BI"), key="share")
    scene.run(4)
    (shared,) = scene.chat.posts
    assert "abc123" not in f"{shared.message}" and "Open in CloudWatch" not in told(shared.message)
    assert all(block["text"]["text"] for block in shared.message.blocks if block["type"] == "section")
