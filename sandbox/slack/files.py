"""Files: what is known of one, and who is shown what of it. https://docs.slack.dev/reference/objects/file-object"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from sandbox.clock import Clock
from sandbox.slack import seed
from sandbox.slack.errors import SlackError
from sandbox.slack.rules import problem

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_IN_IMAGE_BLOCKS = ("image/png", "image/jpeg", "image/gif")
_PREVIEW_LINES = 5
_PRETTY = {"md": "Markdown (raw)", "txt": "Plain Text", "json": "JSON", "png": "PNG", "csv": "CSV", "yaml": "YAML"}
_TYPES = {"md": "markdown", "txt": "text", "jpeg": "jpg", "yml": "yaml"}
_TEXTUAL = re.compile(r"text/|application/(json|x-yaml|yaml|x-sh|javascript|xml)")


@dataclass
class File:
    """One file, from the moment its upload was announced; ``url`` is the server's own.

    ``ready_at`` is when Slack has looked into it, in seconds of the clock.
    """

    clock: Clock
    url: str
    id: str
    name: str
    size: int
    alt_txt: str
    user: str
    snippet_type: str = ""
    title: str = ""
    created: int = 0
    content: bytes | None = None
    is_complete: bool = False
    is_deleted: bool = False
    ready_at: float = 0.0
    shares: list[dict[str, Any]] = field(default_factory=list)

    @property
    def mimetype(self) -> str:
        """By its name; "application/octet-stream" where that says nothing."""
        if PurePath(self.name).suffix.lower() in (".md", ".markdown"):
            return "text/markdown"
        guessed = mimetypes.guess_type(self.name)[0]
        return guessed or ("text/plain" if self.snippet_type else "application/octet-stream")

    @property
    def is_text(self) -> bool:
        """Whether people read it as it is."""
        return bool(self.snippet_type or _TEXTUAL.match(self.mimetype))

    @property
    def is_ready(self) -> bool:
        """Whether Slack has looked into it."""
        return self.is_complete and self.clock.now() >= self.ready_at

    def api(self) -> dict[str, Any]:
        """As messages carry it; until Slack has looked into it, what it is is not known."""
        if self.is_deleted:
            return {"id": self.id, "mode": "tombstone"}
        suffix = PurePath(self.name).suffix.lower().removeprefix(".")
        kind = self.snippet_type or _TYPES.get(suffix, suffix) or "binary"
        ready = self.is_ready
        name = quote(self.name, safe="")
        private = f"{self.url}/files-pri/{seed.TEAM}-{self.id}/"
        shown: dict[str, Any] = {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype if ready else "",
            "filetype": kind if ready else "",
            "pretty_type": _PRETTY.get(suffix, suffix.upper()) if ready else "",
            "user": self.user,
            "user_team": seed.TEAM,
            "editable": self.is_text,
            "size": self.size,
            "mode": "snippet" if self.is_text else "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": bool(self.shares),
            "url_private": f"{private}{name}",
            "url_private_download": f"{private}download/{name}",
            "permalink": f"{self.url}/files/{self.user}/{self.id}/{name}",
            "alt_txt": self.alt_txt,
        }
        if self.is_text and ready and self.content is not None:
            lines = self.content.decode(errors="replace").splitlines()
            shown |= {"preview": "\n".join(lines[:_PREVIEW_LINES]), "lines": len(lines)}
            shown["lines_more"] = max(0, len(lines) - _PREVIEW_LINES)
        return shown

    def info(self) -> dict[str, Any]:
        """As ``files.info`` shows it: with where it was shared."""
        shares: dict[str, list[dict[str, Any]]] = {}
        for share in self.shares:
            shares.setdefault(share["channel"], []).append({k: v for k, v in share.items() if k != "channel"})
        return self.api() | {"shares": {"public": shares} if shares else {}, "channels": list(shares)}

    def client(self) -> dict[str, Any]:
        """As the page shows it, which may fetch it without a token and need not wait."""
        if self.is_deleted:
            return self.api()
        return self.api() | {
            "mimetype": self.mimetype,
            "url": f"{self.url}/files/{self.id}/{quote(self.name, safe='')}",
        }


def check_pictures(parts: Any, files: Mapping[str, File], pointer: str = "/blocks") -> None:
    """Refuse pictures out of files that are none. Raises SlackError invalid_blocks.

    A file that was just uploaded is refused, too, until Slack has looked into it, which takes it a moment and shows in
    its mimetype: https://github.com/slackapi/python-slack-sdk/issues/1575,
    https://github.com/slackapi/java-slack-sdk/issues/1349
    """
    problems = []
    for where, named in _slack_files(parts, pointer):
        file = _named(named, files)
        if file is None or file.is_deleted or not file.is_ready or file.mimetype not in _IN_IMAGE_BLOCKS:
            problems.append(problem("invalid slack file", where))
    if problems:
        raise SlackError("invalid_blocks", problems)


def _named(named: Any, files: Mapping[str, File]) -> File | None:
    """The file that {"id"} or {"url"} (its permalink or private address) means."""
    if not isinstance(named, dict):
        return None
    if isinstance(named.get("id"), str):
        return files.get(named["id"])
    found = re.search(r"[/-](F0\d{7})/", str(named.get("url", "")))
    return files.get(found[1]) if found else None


def _slack_files(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "slack_file":
                yield f"{pointer}/slack_file", inner
            else:
                yield from _slack_files(inner, f"{pointer}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _slack_files(inner, f"{pointer}/{number}")
