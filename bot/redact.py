"""Takes secrets and terminal tricks out of text that people, logs and alarms wrote.

Every search runs in time linear in the text: repetitions are possessive or bounded, and each starts at most once
per run of characters. Masking errs towards too much; what must survive for an incident to be understood (ARNs,
image digests, counters, the words of AWS's own errors) is let through on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

from bot.secret_values import MASK, ends_key, has_word, may_name_a_secret, names_secret, without_named_secrets
from bot.shapes import LONGEST, shape

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\n]{0,4096}+(?:\x07|\x1b\\)?"  # operating system commands: titles, links
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}+[ -/]{0,8}+[@-~]?"  # colours, cursor movements
    r"|\x1b[ -/]{0,8}+[0-Z\\-~]?"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
# Colours as terminals read them, and as JSON and shells write them. They end with the letter that ``master_key`` begins
# with.
_COLOUR = re.compile(r"(?:\x1b|\\{1,4}(?:u001[bB]|x1[bB]|033|e))\[(?:\d{1,3}(?:[;:]\d{1,3}){0,8})?m(?!(?i:aster))")
_COLOURED = ("\x1b[", "1b[", "1B[", "\\033[", "\\e[")
# An escape takes what follows it with it; all others are only not seen.
_UNSEEN = re.compile(f"(?![\x1b\x9b]){_INVISIBLE.pattern}")
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")

_PEM_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{1,40}-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s\\]*+")

_ADDRESS = re.compile(r"""(?<=://)(?:[^\s"'<>:]|:(?!//))++""")
# What follows the colon in "host:8080/@scope" is a port, and who logs in at "git@host" is no secret.
_HAS_PASSWORD = re.compile(r"[^/?#:@\[]*+:(?!\d{0,5}(?:[/?#,]|$))")
_ONLY_LOGIN = re.compile(r"(?![A-Za-z][a-z._-]{0,19}@)[^/?#:@]++@")
_QUERY = re.compile(r"[?#]")
_SLACK_HOOK = re.compile(r"(?<=hooks\.slack\.com/)[A-Za-z0-9/_-]++")

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{6,}+"
    r"|xapp-[A-Za-z0-9-]{6,}+"
    r"|gh[pousr]_[A-Za-z0-9]{16,}+|github_pat_\w{16,}+|glpat-[\w-]{16,}+|npm_[A-Za-z0-9]{30,}+"
    r"|[sr]k[-_][\w-]{20,}+|AIza[\w-]{30,}+"
    r"|SG\.[\w-]{16,32}+\.[\w-]{32,64}+"
    r"|hv[sb]\.[\w-]{20,}+"
    r"|eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+){0,3}"
    r")"
)

_TOKEN_WORDS = (
    *("AKIA", "ASIA", "xox", "xapp-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
    *("npm_", "sk-", "sk_", "rk_", "AIza", "eyJ", "SG.", "hvs.", "hvb."),
)
"""What each of the tokens above begins with."""

_SCHEME = re.compile(r"(?i:(\b(?:bearer|basic)[ \t]{1,4}+)(?!(?:bearer|basic)\b))([A-Za-z0-9._~+/=-]{6,}+)")
_PROSE = frozenset(
    (
        *(
            "access",
            "authentication",
            "authorization",
            "challenge",
            "check",
            "checks",
            "configuration",
            "credential",
            "credentials",
        ),
        *("error", "expired", "failed", "failure", "format", "functionality", "header", "headers", "health", "invalid"),
        *("metrics", "missing", "monitoring", "operation", "operations", "realm", "rejected", "required", "scheme"),
        *("security", "settings", "support", "tokens", "usage", "validation"),
    )
)
"""What is said after *basic* and *bearer* in prose and in challenges; another word may be a token."""

_OPTION = re.compile(
    r"(?i:((?<![\w-])--?(?:password|passwd|pass|token|secret|api-key|access-key|auth-token)[ \t]{1,4}+))"
    r"(?!-)([^\s\"']{3,256}+)"
)
_CURL_LOGIN = re.compile(
    r"""((?<![\w-])(?:-[A-Za-z]{0,8}u|--(?:proxy-)?user)[ \t=]{0,4}+)(?:(\\{0,8}["'])(?:(?!\2)[^\n])++|[^\s"'\\]++)"""
)
# In quotes it is found like other values. What merely is "identified by email" names no user before.
_SQL_LOGIN = re.compile(
    r"""(?i:(\b(?:create|alter)\s{1,8}user\s{1,8}\S{1,128}+\s{1,8}identified\s{1,8}by\s{1,8}))([^\s"'\\;,]{1,256}+)"""
)

_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_NEAR = 100

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@(?:[^\W_](?:[^\W_]|-){0,62}+\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)

# Digits behind a decimal point are a measurement: 5.2631578947368425 in an alarm's reason is no card. Those beside a
# letter are part of an id, unless the letter ends JSON's way of writing a line break.
_CARD_START = re.compile(r"(?:(?<![A-Za-z\d])|(?<=\\[nrt]))(?<!\d\.)[2-6]\d{3}[ -]?\d{4}")
_GOES_ON = re.compile(r"[A-Za-z\d]")
_EIGHT_DIGITS = re.compile(r"[2-6]\d{3}[ -]?\d{4}")
"""What every card starts with, found in a fifth of the time."""
# A line of a PEM block by itself: https://www.rfc-editor.org/rfc/rfc7468#section-2 has them 64 characters long.
_KEY_LINE = re.compile(r"(?m)^(?=[^\n]*[a-z])(?=[^\n]*[A-Z])(?=[^\n]*\d)[A-Za-z0-9+/]{64}$")
_CARDS_SHAPE = re.compile(r"(?:(?<![A-Za-z\d])|(?<=\\[nrt]))\d{4}[ -]?\d{4}")


def redact(text: str) -> str:
    """The text with every secret it may hold replaced by ``[redacted]``.

    Known by their look: access key ids, tokens of Slack, GitHub and the like, JSON web tokens, PEM blocks, e-mail
    addresses, payment cards; known by their place: ``password=…``, ``"secret": "…"``, ``Authorization: …``,
    user and password in an address, forty characters near the word *secret*. Redacting again does no harm.
    """
    redacted = _searched(text)
    # What was masked may have stood between a secret and the place where it is looked for.
    return redacted if redacted == text else _searched(redacted)


def _searched(text: str) -> str:
    for search in _worth_a_look(shape(text)) if len(text) <= LONGEST else _searches(text):
        text = search(text)
    return text


def _searches(text: str) -> tuple[Callable[[str], str], ...]:
    """What may find a secret in a text, and in every other of its shape, in the order in which it is to be done.

    A search for plain words takes a hundredth of one for a pattern, and nearly every line has none of them. No word
    looked for has digits or could be part of an id.
    """
    lowered = text.lower() if text.isascii() else ""
    named = not lowered or may_name_a_secret(text, lowered)
    searches = (
        ("-----" in text, _without_pem),
        ("@" in text and "://" in text, partial(_ADDRESS.sub, _mask_login)),
        ("hooks.slack.com/" in text, partial(_SLACK_HOOK.sub, MASK)),
        (has_word(text, _TOKEN_WORDS), partial(_TOKENS.sub, MASK)),
        (not lowered or "bearer" in lowered or "basic" in lowered, partial(_SCHEME.sub, _mask_scheme)),
        (named, partial(_OPTION.sub, rf"\1{MASK}")),
        (named, partial(_SQL_LOGIN.sub, rf"\1{MASK}")),
        (named, without_named_secrets),
        (named, _without_aws_secrets),
        ("curl" in text, partial(_CURL_LOGIN.sub, rf"\1\2{MASK}")),
        ("@" in text, partial(_EMAIL.sub, MASK)),
        (bool(_CARDS_SHAPE.search(text)), _without_cards),
        (bool(_KEY_LINE.search(text)), partial(_KEY_LINE.sub, MASK)),
    )
    return tuple(search for is_worth, search in searches if is_worth)


_worth_a_look = lru_cache(maxsize=4096)(_searches)


def clean(text: str) -> str:
    """Without secrets and without control sequences.

    Redacted on both sides of the stripping: a broken sequence may swallow the first letter of ``password``, and a
    sequence within a secret may hide it.
    """
    redacted = redact(plain(text))
    stripped = strip_control(redacted)
    return stripped if stripped == text else redact(stripped)


def plain(text: str) -> str:
    """Without colours and invisible characters, which take no letter with them: they stand between name and value."""
    if "[" in text and has_word(text, _COLOURED):
        text = _COLOUR.sub("", text)
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


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


def _mask_login(found: re.Match[str]) -> str:
    """What follows ``://`` without its user and password, in which there may be an ``@`` and a ``/``."""
    text = found.group()
    if _HAS_PASSWORD.match(text):
        query = _QUERY.search(text)
        end = (text.rfind("@", 0, query.start()) + 1 if query else 0) or text.rfind("@") + 1
    else:
        login = _ONLY_LOGIN.match(text)
        end = login.end() if login else 0
    return f"{MASK}@{text[end:]}" if end else text


def _mask_scheme(found: re.Match[str]) -> str:
    """``Bearer x…`` without its token; "Basic authentication failed" is prose and stays."""
    word = found.group(2).rstrip(".-=").lower()
    stays = word in _PROSE or (names_secret(word) and ends_key(found.string, found.end()))
    return found.group() if stays else f"{found.group(1)}{MASK}"


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
            if not _GOES_ON.match(text, position + 1) and len(digits) >= 13 and _luhn(digits):
                end = position + 1
        elif character not in " -" or text[position - 1] in " -":
            break
    return end


def _luhn(digits: list[int]) -> bool:
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
