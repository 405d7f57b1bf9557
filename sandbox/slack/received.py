"""JSON as it arrives from outside, so read that it can always be sent on."""

from __future__ import annotations

import json
import math
from typing import Any


def parsed(received: str | bytes) -> Any:
    """The value; half a surrogate pair becomes U+FFFD. Raises ValueError for what is no JSON.

    Python's own reader takes more than JSON is: lone surrogates, NaN and numbers beyond a float. One of them in a
    message that is kept would break every later answer in which it is shown.
    """
    text = received if isinstance(received, str) else received.decode()
    try:
        value = _READER.decode(text)
        if "\\ud" not in text.lower():
            return value
        whole = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass")
        return _READER.decode(whole.decode("utf-16", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON's")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is too large")
    return number


_READER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
