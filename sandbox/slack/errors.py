"""How the pretend Slack says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SlackError(Exception):
    """A call that Slack refuses; ``word`` is what it answers as ``error``.

    ``problems`` are sentences about single arguments, each with the json-pointer to the place.
    """

    def __init__(self, word: str, problems: Sequence[str] = (), **more: Any) -> None:
        super().__init__(word)
        self.word = word
        self.problems = list(problems)
        self.more = more

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        answer: dict[str, Any] = {"ok": False, "error": self.word, **self.more}
        if self.problems:
            answer["errors"] = self.problems
            answer["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return answer


class DeliveryError(Exception):
    """The app did not take what Slack delivered; ``word`` is what the person reads.

    ``no_retry`` says that the app asked not to be given the same event again.
    """

    def __init__(self, word: str, reason: str, *, no_retry: bool = False) -> None:
        super().__init__(word)
        self.word = word
        self.reason = reason
        self.no_retry = no_retry
