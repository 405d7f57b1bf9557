"""Finds what a name says is secret: ``password=…``, ``"secret": ["…"]``, ``{"name": "DB_PASSWORD", "value": "…"}``.

Linear in the text, as ``bot.redact`` is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MASK = "[redacted]"

# As variables of the environment are called, but places and errors.
_NO_SECRET = "".join(
    f"(?<!{each}_KEY)"
    for each in (
        *("CACHE", "PRIMARY", "FOREIGN", "PARTITION", "SORT", "HASH", "RANGE", "INDEX", "OBJECT", "S3", "PUBLIC"),
        *("IDEMPOTENCY", "DEDUP", "UNIQUE", "DUPLICATE", "INVALID", "MISSING", "UNKNOWN", "SUCH", "GROUP", "SHARD"),
    )
)
# "secrets": [{"name": "…", "valueFrom": "arn:…"}] in a task definition says where they are.
_NO_TASKS_SECRETS = (
    r"""(?!["'\\]{0,8}[ \t]{0,8}[:=][ \t]{0,8}\[\s{0,32}\{\s{0,32}["'\\]{0,8}(?:name|valueFrom)["'\\]{0,8}:)"""
)
_NEXT_LINE = (
    r"(?:\r?\n|(?:\\{1,4}[rn]){1,2}+)[ \t]{0,32}+"
    r"""(?!["']?[\w.-]{1,64}+["']?[ \t]{0,8}[:=](?![=\s"'\\]|$)|[\w.-]{1,64}+:[ \t])"""
)
_BY_FIRST_LETTER = {
    "a": r"(?:pi|ccess|uth|ccount|pp)[_-]?key|uthorization",
    "c": r"redentials?|onnection[_-]?string|ookie",
    "d": r"(?<![A-Za-z0-9]d)sn",
    "e": r"ncryption[_-]?key",
    "h": r"mac[_-]?key",
    "j": r"wt[_-]?key",
    "m": r"aster[_-]?key",
    "p": r"ass(?:word|wd|phrase|wort)|rivate[_-]?key|(?<![A-Za-z0-9]p)(?:wd?|ass(?=[\"'\\]{0,8}[=:]))",
    "s": rf"ecrets?{_NO_TASKS_SECRETS}|(?:igning|ession|tripe)[_-]?key|ession[_-]?id|essid",
    "t": "oken",
    "x": "-amz-signature",
    "_": rf"(?-i:KEY(?<=[A-Z0-9]_KEY){_NO_SECRET})",
}
_BEGINS = "".join(letter + letter.upper() for letter in _BY_FIRST_LETTER)
_REST = "|".join(f"(?<={letter})(?:{rest})" for letter, rest in _BY_FIRST_LETTER.items())
# A search that may begin with few characters takes half as long as one that may begin anywhere. A secret's ARN
# (…:123456789012:secret:name) names a secret without telling it, and is what an operator needs.
_KEY = re.compile(
    rf"[{_BEGINS}](?i:{_REST})(?<!\d{{12}}:secret)"
    r"(?:[_-][\w-]{0,48}+|[A-Z0-9]\w{0,48}+)?"
    r"(?:\[\w{0,16}\])?[\"'\\]{0,8}[ \t]{0,8}(?:=>|[:=]|%3[dD]|>)(?!:)[ \t]{0,8}"
    rf"(?:{_NEXT_LINE})?"
)
_KEY_WORDS = (
    *("pass", "secret", "token", "credential", "nstring", "n_string", "n-string", "authorization", "cookie"),
    *("signature", "pwd", "pw", "dsn", "sess", "identified"),
)
_KINDS_OF_KEY = (
    *("api", "access", "private", "auth", "encryption", "signing", "session", "master", "account"),
    *("app_", "app-", "appk", "hmac", "jwt", "stripe"),
)
"""In lower case, one of the words, or *key* and a kind, is in every key above but ``X_KEY``, and in every option.

*secret* also stands near AWS's.
"""
_HARMLESS_KEY = re.compile(
    r"(?i)(?:name|(?<!sess)(?<!session)(?<!session[_-])id|arn|count|type|length|limit|ttl|expir\w{0,8}|usage|used"
    r"|version|file|path|url|uri|manager)[\"'\\ \t]{0,16}(?:=>|[:=])(?:\s|\\{1,4}[rn]){0,48}$"
)
_WHOLE_LINE_KEY = re.compile(r"(?i)authorization|cookie")
_ENDS_KEY = re.compile(r"""(?:[\\]{0,8}["'])?[ \t]{0,8}(?:=>|[:=])""")
_KEY_QUOTE = re.compile(r"""\\{0,8}["'](?=[ \t]{0,8}(?:=>|[:=]))""")
_LONGEST_KEY = 200

_QUOTE = re.compile(r"""(?:[bBuUrR]{1,2}(?=["']))?(\\{0,8})(["'])""")
_NEXT_QUOTE = re.compile(r"""(\\{0,8}+)(["'])""")
_NESTED = re.compile(r"""(?!\[redacted\])[\w.$]{0,64}+(?:[\[{]|\((?=\\{0,8}["']))""")
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_BRACKET_OR_QUOTE = re.compile(r"""(\\{0,8}+)(["'])|[\[\]{}()]""")
_BARE_VALUE = re.compile(
    r"""(?:\[redacted\]|[^\s,;&"'<>{}\[\]\\|]|\\(?!["'nrt])|,(?![\s"'{}\[\]]|[\w.-]{1,64}[=:]|$))++"""
)
_REST_OF_LINE = re.compile(r"""(?:[^\n\r"'\[\\]|\[redacted\])++""")

_NAME = r"""(?:name|key)["'\\]{0,8}[ \t]{0,8}[:=][ \t]{0,8}["'\\]{0,8}([\w.-]{1,128}+)"""
_BETWEEN = r"""["'\\]{0,8}(?:[\s,;]|\\{1,4}[nr]){1,64}+["'\\]{0,8}[A-Za-z]{0,16}?"""
_VALUE = r"""value["'\\]{0,8}[ \t]{0,8}[:=][ \t]{0,8}"""
_NAMED = re.compile(
    rf"(?i){_NAME}{_BETWEEN}{_VALUE}"
    r"""|\b(?:identified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?by|(?:with|encrypted)\s{1,8}password)"""
    r"""\s{1,8}(?=\\{0,8}["'])"""
)
_QUOTED_VALUE = re.compile(f"(?i){_VALUE}(?=[bur]{{0,2}}\\\\{{0,8}}[\"'])")
_THEN_NAME = re.compile(f"(?i){_BETWEEN}{_NAME}")


def may_name_a_secret(text: str, lowered: str) -> bool:
    """Whether it is worth looking for secrets by their names; takes a hundredth of looking."""
    return has_word(lowered, _KEY_WORDS) or ("key" in lowered and ("_KEY" in text or has_word(lowered, _KINDS_OF_KEY)))


def has_word(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of the words is in the text, as it is written."""
    for word in words:  # noqa: SIM110 - any() with a generator takes three times as long
        if word in text:
            return True
    return False


def without_named_secrets(text: str) -> str:
    """The text with ``[redacted]`` for every value that a name before it, or beside it, says is secret."""
    text = _masked(text, _values_beside_names(text))
    text = _masked(text, _values_before_names(text))
    return _masked(text, _values_of_keys(text))


def nested_end(text: str, start: int) -> int:
    """Where the list, object or call ends whose bracket is at ``start``; the end of a text that was cut off.

    Brackets in quotes count for nothing, in JSON within JSON neither.
    """
    opening, depth, position = text[start], 0, start
    while found := _BRACKET_OR_QUOTE.search(text, position):
        position = found.end()
        if found.group(2):
            closing = _closing_quote(text, found)
            position = closing.end() if closing else len(text)
        elif found.group() == opening:
            depth += 1
        elif found.group() == _CLOSING[opening]:
            depth -= 1
            if depth == 0:
                return position
    return len(text)


def _closing_quote(text: str, opening: re.Match[str]) -> re.Match[str] | None:
    """In JSON inside JSON quotes are escaped; the closing quote has as many backslashes as the opening one."""
    escapes, quote = len(opening.group(1)), opening.group(2)
    position = opening.end()
    while found := _NEXT_QUOTE.search(text, position):
        if found.group(2) == quote and len(found.group(1)) in (0, escapes):
            return found
        position = found.end()
    return None


def _masked(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """The text with a mask, in such quotes, in place of what is between two positions."""
    pieces: list[str] = []
    position = 0
    for start, end, quote in spans:
        pieces += [text[position:start], quote, MASK, quote]
        position = end
    return "".join([*pieces, text[position:]])


def _values_of_keys(text: str) -> Iterator[tuple[int, int, str]]:
    position = 0
    key = _KEY.search(text)
    while key is not None:
        start = key.end()
        span = _value_span(text, key.group(), start) if _is_secret(key) else None
        if span is not None and span[1] > position:
            yield max(span[0], position), span[1], _quotes(key, span[0])
            position = span[1]
            # In "password= token: …" what looks like a value is a key itself.
            start = start if _is_key(text, span[0], span[1]) else position
        key = _KEY.search(text, start)


def _quotes(key: re.Match[str], start: int) -> str:
    """What a number, a list or an object after a key in quotes is written in from now on: what was JSON is JSON."""
    quote = _KEY_QUOTE.search(key.group()) if start == key.end() else None
    return quote.group() if quote else ""


def _is_secret(key: re.Match[str]) -> bool:
    return not _HARMLESS_KEY.search(key.string, key.start(), key.end())


def _values_beside_names(text: str) -> Iterator[tuple[int, int, str]]:
    """Of ``{"name": "DB_PASSWORD", "value": "…"}``, which is how ECS writes an environment, and SQL's ``BY '…'``.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KeyValuePair.html
    """
    found = _NAMED.search(text)
    while found is not None:
        position = found.end()
        span = _value_span(text, "", position) if names_secret(found.group(1) or "password") else None
        if span is not None:
            yield (*span, _quotes(found, span[0]))
            position = span[1]
        found = _NAMED.search(text, position)


def _values_before_names(text: str) -> Iterator[tuple[int, int, str]]:
    """Of ``{"value": "…", "name": "DB_PASSWORD"}``."""
    found = _QUOTED_VALUE.search(text)
    while found is not None:
        position = found.end()
        span = _value_span(text, "", position)
        name = _THEN_NAME.match(text, span[1]) if span else None
        if span and name and names_secret(name.group(1)):
            yield (*span, "")
            position = span[1]
        found = _QUOTED_VALUE.search(text, position)


def names_secret(name: str) -> bool:
    """Whether what is called so is secret."""
    key = _KEY.search(f"{name}=")
    return key is not None and _is_secret(key)


def _is_key(text: str, start: int, end: int) -> bool:
    return end - start <= _LONGEST_KEY and (text[end - 1 : end] in (":", "=") or ends_key(text, end))


def ends_key(text: str, position: int) -> bool:
    """Whether what stands before the position is the name of a value."""
    return bool(_ENDS_KEY.match(text, position))


def _value_span(text: str, key: str, start: int) -> tuple[int, int] | None:
    """Where the value after a key begins and ends, quotes left outside; None when there is none."""
    opening = _QUOTE.match(text, start)
    if opening is not None:
        closing = _closing_quote(text, opening)
        return opening.end(), closing.start() if closing else len(text)
    whole = _WHOLE_LINE_KEY.search(key)
    nested = _NESTED.match(text, start)
    if nested is not None and (not whole or nested.end() - 1 == start):
        return start, nested_end(text, nested.end() - 1)
    bare = _REST_OF_LINE.match(text, start) if whole else _BARE_VALUE.match(text, start)
    return (start, bare.end()) if bare else None
