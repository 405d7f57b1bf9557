"""Files: the upload, what messages and the app see of one, and pictures out of files in blocks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack import seed
from tests.sandbox.slack.slack_parts import BOT_TOKEN, Slack, running

PICTURE = b"\x89PNG\r\n\x1a\nnot much of a graph"


def upload(slack: Slack, name: str = "cpu.png", content: bytes = PICTURE, **more: Any) -> dict[str, Any]:
    file: dict[str, Any] = slack.web().files_upload_v2(filename=name, content=content, **more)["file"]
    return file


def picture(**slack_file: str) -> list[dict[str, Any]]:
    return [{"type": "image", "alt_text": "CPU", "slack_file": slack_file}]


def refused(slack: Slack, blocks: list[dict[str, Any]]) -> list[str]:
    with pytest.raises(SlackApiError, match="invalid_blocks") as caught:
        slack.web().chat_postMessage(channel="C0OPS", text="x", blocks=blocks)
    return list(caught.value.response["errors"])


def test_an_upload_lands_in_its_thread_with_a_comment_and_can_be_found_there(slack: Slack) -> None:
    parent = str(slack.web().chat_postMessage(channel="C0OPS", text="an incident")["ts"])
    more: dict[str, Any] = {
        "channel": "C0OPS",
        "thread_ts": parent,
        "initial_comment": "CPU before and after",
        "alt_txt": "a line",
    }
    file = upload(slack, title="CPU", **more)
    reply = slack.web().conversations_replies(channel="C0OPS", ts=parent)["messages"][1]
    assert (reply["text"], reply["thread_ts"]) == ("CPU before and after", parent)
    (found,) = reply["files"]
    assert (found["id"], found["title"], found["name"], found["alt_txt"]) == (file["id"], "CPU", "cpu.png", "a line")
    assert slack.messages() == [one for one in slack.messages() if one["ts"] == parent]
    info = slack.web().files_info(file=file["id"])["file"]
    assert [share["thread_ts"] for share in info["shares"]["public"]["C0OPS"]] == [parent]
    assert [one["id"] for one in slack.web().files_list(channel="C0OPS")["files"]] == [file["id"]]
    assert slack.web().files_list(channel="C0ALERTS")["files"] == []


def test_what_a_file_is_is_known_a_moment_after_its_upload(slack: Slack) -> None:
    slack.clock.freeze()
    file = upload(slack)
    assert file["mimetype"] == ""
    slack.clock.advance(2)
    assert slack.web().files_info(file=file["id"])["file"]["mimetype"] == "image/png"


def test_a_picture_out_of_a_file_is_shown_once_slack_has_looked_into_it(slack: Slack) -> None:
    slack.clock.freeze()
    file = upload(slack)
    assert refused(slack, picture(id=file["id"])) == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]
    slack.clock.advance(2)
    for named in ({"id": file["id"]}, {"url": file["url_private"]}, {"url": file["permalink"]}):
        assert slack.web().chat_postMessage(channel="C0OPS", text="x", blocks=picture(**named))["ok"]


def test_what_is_no_picture_or_no_file_is_refused_as_one(slack: Slack) -> None:
    file = upload(slack, "report.md", b"# Report")
    slack.clock.advance(2)
    for named in ({"id": file["id"]}, {"id": "F0NOTHERE"}, {"url": "https://example.com/cpu.png"}):
        assert "invalid slack file" in refused(slack, picture(**named))[0]
    assert "exactly one" in refused(slack, picture())[0]


def test_markdown_is_a_snippet_with_its_first_lines(slack: Slack) -> None:
    text = "\n".join(["# Postmortem", *(f"- line {number}" for number in range(20))]).encode()
    file = upload(slack, "postmortem.md", text, channel="C0OPS")
    slack.clock.advance(2)
    shown = slack.web().files_info(file=file["id"])["file"]
    assert (shown["mode"], shown["filetype"], shown["mimetype"]) == ("snippet", "markdown", "text/markdown")
    assert (shown["preview"].splitlines()[0], shown["lines"]) == ("# Postmortem", 21)
    (on_page,) = slack.messages()[-1]["files"]
    assert httpx.get(on_page["url"], trust_env=False).content == text


def test_a_private_address_wants_a_token_that_may_read_files(slack: Slack) -> None:
    url = upload(slack)["url_private"]
    bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
    assert httpx.get(url, headers=bearer, trust_env=False).content == PICTURE
    login = httpx.get(url, trust_env=False, follow_redirects=True)
    assert (login.status_code, login.headers["content-type"].partition(";")[0]) == (200, "text/html")
    with running(scopes=[scope for scope in seed.SCOPES if scope != "files:read"]) as other:
        hidden = upload(other)["url_private"]
        assert httpx.get(hidden, headers=bearer, trust_env=False).is_redirect


def test_a_deleted_file_leaves_a_stone_in_its_message(slack: Slack) -> None:
    file = upload(slack, channel="C0OPS")
    slack.web().files_delete(file=file["id"])
    assert slack.messages()[-1]["files"] == [{"id": file["id"], "mode": "tombstone"}]
    with pytest.raises(SlackApiError, match="file_not_found"):
        slack.web().files_info(file=file["id"])
