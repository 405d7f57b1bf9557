"""Parts of what a command answers: the buttons it asks with, and the files that go with it."""

from __future__ import annotations

from pydantic import JsonValue

from bot.domain import Frozen


class Button(Frozen):
    """A question that is asked on the way, such as whether a change goes on after a pause.

    ``name`` is one of the strategy's answers, or what an answer that goes on is told; ``value`` says what is answered,
    a hook's id for example.
    """

    label: str
    name: str
    value: str
    style: str = ""


class Attachment(Frozen):
    """A file that goes with an answer, made when its turn comes.

    ``make`` names one of the makers of ``bot.files``; ``parameters`` are plain JSON and carry absolute times: it can be
    made again. ``name`` is what people see when they save it, ``alt`` what a picture shows.
    """

    make: str
    parameters: dict[str, JsonValue]
    name: str
    title: str
    alt: str = ""
