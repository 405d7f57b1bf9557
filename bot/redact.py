"""Takes secrets and terminal tricks out of text that people, logs and alarms wrote.

Every search runs in time linear in the text: repetitions are possessive or bounded, and each starts at most once
per run of characters. Masking errs towards too much; what must survive for an incident to be understood (ARNs,
image digests, counters, the words of AWS's own errors) is let through on purpose.
"""

from __future__ import annotations

import re

MASK = "[redacted]"

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\n]{0,4096}+(?:\x07|\x1b\\)?"  # operating system commands: titles, links
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}+[ -/]{0,8}+[@-~]?"  # colours, cursor movements
    r"|\x1b[ -/]{0,8}+[0-Z\\-~]?"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")

_PEM_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{1,40}-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s\\]*+")

_URL_LOGIN = re.compile(r"""(?<=://)[^\s/:@"'<>]{0,256}+:[^\s/"'<>]{1,4096}@""")
_SLACK_HOOK = re.compile(r"(?<=hooks\.slack\.com/)[A-Za-z0-9/_-]++")

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{6,}+"
    r"|xapp-[A-Za-z0-9-]{6,}+"
    r"|gh[pousr]_[A-Za-z0-9]{16,}+|github_pat_\w{16,}+|glpat-[\w-]{16,}+|npm_[A-Za-z0-9]{30,}+"
    r"|sk[-_][\w-]{20,}+|AIza[\w-]{30,}+"
    r"|eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+){0,3}"
    r")"
)

_TOKEN_WORDS = (
    *("AKIA", "ASIA", "xox", "xapp-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
    *("npm_", "sk-", "sk_", "AIza", "eyJ"),
)
"""What each of the tokens above begins with."""

_SCHEME = re.compile(r"(?i:(\b(?:bearer|basic)[ \t]{1,4}+)(?!(?:bearer|basic)\b))([A-Za-z0-9._~+/=-]{6,}+)")
_ORDINARY_WORD = re.compile(r"[A-Za-z][a-z.-]{0,19}")

# A secret's ARN (…:123456789012:secret:name) names a secret without telling it, and is what an operator needs.
_KEY = re.compile(
    r"(?<!\d{12}:)(?i:password|passwd|passphrase|passwort|secrets?|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key|(?:encryption|signing|session|master)[_-]?key|credentials?|connection[_-]?string|authorization|cookie|x-amz-signature"
    r"|(?<![A-Za-z0-9])(?:pwd|pw|dsn)|(?<![A-Za-z0-9])pass(?=[\"'\\]{0,8}[=:]))"
    r"(?:[_-][\w-]{0,48}+|[A-Z0-9]\w{0,48}+)?"
    r"(?:\[\w{0,16}\])?[\"'\\]{0,8}[ \t]{0,8}(?:=>|[:=]|%3[dD]|>)(?!:)[ \t]{0,8}"
)
_KEY_WORDS = (
    *("pass", "secret", "token", "credential", "connection", "authorization", "cookie", "signature"),
    *("pwd", "pw", "dsn"),
)
_KINDS_OF_KEY = ("api", "access", "private", "auth", "encryption", "signing", "session", "master")
"""In lower case, one of the words, or *key* and a kind, is in every key above and every option below.

*secret* also stands near AWS's.
"""
_OPTION = re.compile(
    r"(?i:((?<![\w-])--?(?:password|passwd|pass|token|secret|api-key|access-key|auth-token)[ \t]{1,4}+))"
    r"(?!-)([^\s\"']{3,256}+)"
)
_HARMLESS_KEY = re.compile(
    r"(?i)(?:name|id|arn|count|type|length|limit|ttl|expir\w{0,8}|usage|used|version|file|path|url|uri|manager)"
    r"[\"'\\ \t]{0,16}(?:=>|[:=])[ \t]{0,8}$"
)
_WHOLE_LINE_KEY = re.compile(r"(?i)authorization|cookie")
_ENDS_KEY = re.compile(r"""(?:[\\]{0,8}["'])?[ \t]{0,8}(?:=>|[:=])""")
_LONGEST_KEY = 200
_QUOTE = re.compile(r"""(\\{0,8})(["'])""")
_NEXT_QUOTE = re.compile(r"""(\\{0,8}+)(["'])""")
_BARE_VALUE = re.compile(r"""(?:[^\s,;&"'<>{}\[\]\\|]|\\(?!["'nrt])|,(?![\s"'{}\[\]]|[\w.-]{1,64}[=:]|$))++""")
_REST_OF_LINE = re.compile(r"""(?:[^\n\r"'\[\\]|\[redacted\])++""")

_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_NEAR = 100

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)

# Digits behind a decimal point are a measurement: 5.2631578947368425 in an alarm's reason is no card.
SAME_DIGITS = str.maketrans("123456789", "000000000")
_CARD_START = re.compile(r"(?<!\d)(?<!\d\.)[2-6]\d{3}[ -]?\d{4}")
_EIGHT_DIGITS = re.compile(r"[2-6]\d{3}[ -]?\d{4}")
"""What every card starts with, found in a fifth of the time."""


def redact(text: str) -> str:
    """The text with every secret it may hold replaced by ``[redacted]``.

    Known by their look: access key ids, tokens of Slack, GitHub and the like, JSON web tokens, PEM blocks, e-mail
    addresses, payment cards; known by their place: ``password=…``, ``"secret": "…"``, ``Authorization: …``,
    user and password in an address, forty characters near the word *secret*. Redacting again does no harm.
    """
    # A search for plain words takes a hundredth of one for a pattern, and nearly every line has none of them.
    lowered = text.lower() if text.isascii() else ""
    if "-----" in text:
        text = _without_pem(text)
    if "@" in text:
        text = _URL_LOGIN.sub(f"{MASK}@", text)
    if "hooks.slack.com/" in text:
        text = _SLACK_HOOK.sub(MASK, text)
    if _has(text, _TOKEN_WORDS):
        text = _TOKENS.sub(MASK, text)
    if not lowered or "bearer" in lowered or "basic" in lowered:
        text = _SCHEME.sub(_mask_scheme, text)
    if not lowered or _has(lowered, _KEY_WORDS) or ("key" in lowered and _has(lowered, _KINDS_OF_KEY)):
        text = _OPTION.sub(rf"\1{MASK}", text)
        text = _without_values(text)
        text = _without_aws_secrets(text)
    if "@" in text:
        text = _EMAIL.sub(MASK, text)
    return _without_cards(text)


def _has(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - any() with a generator takes three times as long
        if word in text:
            return True
    return False


def clean(text: str) -> str:
    """Without secrets and without control sequences.

    Redacted on both sides of the stripping: a broken sequence may swallow the first letter of ``password``, and a
    sequence within a secret may hide it.
    """
    redacted = redact(text)
    stripped = strip_control(redacted)
    return text if stripped == text else redact(stripped)


def strip_control(text: str) -> str:
    """The text without ANSI escapes, control characters, bidirectional overrides, invisible characters, surrogates.

    Tabs stay, every kind of line end becomes a newline, joiners of emoji and scripts stay.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", text)
    return _INVISIBLE.sub("", _ESCAPES.sub("", text))


def _without_pem(text: str) -> str:
    marks = list(_PEM_MARK.finditer(text))
    if not marks:
        return text
    pieces: list[str] = []
    position = 0
    for index, mark in enumerate(marks):
        if mark.group(1) == "END" or mark.start() < position:
            continue
        following = marks[index + 1] if index + 1 < len(marks) else None
        if following is not None and following.group(1) == "END":
            end = following.end()
        else:  # cut off: all that still looks like base64 goes
            body = _PEM_BODY.match(text, mark.end())
            end = body.end() if body else mark.end()
        pieces += [text[position : mark.start()], MASK]
        position = end
    return "".join([*pieces, text[position:]])


def _mask_scheme(found: re.Match[str]) -> str:
    """``Bearer x…`` without its token; "Basic authentication failed" is prose and stays."""
    return found.group() if _ORDINARY_WORD.fullmatch(found.group(2)) else f"{found.group(1)}{MASK}"


def _without_values(text: str) -> str:
    pieces: list[str] = []
    position = 0
    key = _KEY.search(text)
    while key is not None:
        start = key.end()
        span = None if _HARMLESS_KEY.search(text, key.start(), key.end()) else _value_span(text, key.group(), start)
        if span is not None and span[1] > position:
            pieces += [text[position : max(span[0], position)], MASK]
            position = span[1]
            # In "password= token: …" what looks like a value is a key itself.
            start = start if _is_key(text, *span) else position
        key = _KEY.search(text, start)
    return "".join([*pieces, text[position:]])


def _is_key(text: str, start: int, end: int) -> bool:
    return end - start <= _LONGEST_KEY and (text[end - 1 : end] in (":", "=") or bool(_ENDS_KEY.match(text, end)))


def _value_span(text: str, key: str, start: int) -> tuple[int, int] | None:
    """Where the value after a key begins and ends, quotes left outside; None when there is none.

    In JSON inside JSON quotes are escaped; the closing quote has as many backslashes as the opening one.
    """
    opening = _QUOTE.match(text, start)
    if opening is None:
        whole = _WHOLE_LINE_KEY.search(key)
        bare = _REST_OF_LINE.match(text, start) if whole else _BARE_VALUE.match(text, start)
        return (start, bare.end()) if bare else None
    escapes, quote = len(opening.group(1)), opening.group(2)
    position = opening.end()
    while closing := _NEXT_QUOTE.search(text, position):
        if closing.group(2) == quote and len(closing.group(1)) in (0, escapes):
            return (opening.end(), closing.start())
        position = closing.end()
    return (opening.end(), len(text))


def _without_aws_secrets(text: str) -> str:
    lowered = text.lower() if _AWS_SECRET.search(text) else ""

    def mask(found: re.Match[str]) -> str:
        near = lowered[max(0, found.start() - _NEAR) : found.end() + _NEAR]
        return MASK if "secret" in near and not _SHA1.fullmatch(found.group()) else found.group()

    return _AWS_SECRET.sub(mask, text) if lowered else text


def _without_cards(text: str) -> str:
    if not _EIGHT_DIGITS.search(text):
        return text
    pieces: list[str] = []
    position = 0
    start = _CARD_START.search(text)
    while start is not None:
        end = _card_end(text, start.start())
        if end:
            pieces += [text[position : start.start()], MASK]
            position = end
        start = _CARD_START.search(text, end or start.start() + 1)
    return "".join([*pieces, text[position:]])


def _card_end(text: str, start: int) -> int:
    """Where the longest valid card number that starts here ends, or 0. Cards have 13 to 19 digits."""
    digits: list[int] = []
    end = 0
    for position in range(start, min(len(text), start + 40)):
        character = text[position]
        if character.isascii() and character.isdigit():
            digits.append(int(character))
            if len(digits) > 19:
                break
            last = position + 1 == len(text) or not text[position + 1].isdigit()
            if last and len(digits) >= 13 and _luhn(digits):
                end = position + 1
        elif character not in " -" or text[position - 1] in " -":
            break
    return end


def _luhn(digits: list[int]) -> bool:
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
