"""A task definition exactly as AWS sent it.

botocore leaves out, without a word, every field of an answer that its own model does not know. A copy made from what
it returns could therefore lose a setting that is newer than the installed botocore.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

BODY = "RawBody"
"""Where ``keep_body`` leaves the answer's bytes, next to the fields that botocore parsed."""


def keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """A listener of botocore's ``before-parse`` event, which adds the unparsed body to the answer."""
    if response_dict["status_code"] == 200:
        customized_response_dict[BODY] = response_dict["body"]


def raw_task_definition(answer: dict[str, Any]) -> dict[str, Any]:
    """The ``taskDefinition`` of a DescribeTaskDefinition answer, before botocore parsed it."""
    body: dict[str, Any] = json.loads(answer[BODY])
    raw: dict[str, Any] = body["taskDefinition"]
    return raw


def unknown_fields(raw: Any, shape: Any, path: str = "") -> Iterator[str]:
    """Fields of a JSON value that a botocore shape does not have, as ``containerDefinitions[0].newField``."""
    if shape.type_name == "structure" and isinstance(raw, dict):
        for name, value in raw.items():
            here = f"{path}.{name}".lstrip(".")
            if name in shape.members:
                yield from unknown_fields(value, shape.members[name], here)
            elif value is not None:
                yield here
    elif shape.type_name == "list" and isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from unknown_fields(value, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(raw, dict):
        for name, value in raw.items():
            yield from unknown_fields(value, shape.value, f"{path}.{name}")


def without_nulls(value: Any) -> Any:
    """A deep copy without members that are null: AWS answers with them, and botocore refuses to send them."""
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value
