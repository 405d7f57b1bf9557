"""What a single value must look like, beyond its type. One row of a table per key, one function per look."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.duration import parse_duration
from bot.settings.reserved import RESERVED_COMMANDS
from bot.settings.sentences import unknown
from bot.settings.source import Source, plain
from bot.zones import zone_named

Look = Callable[[str], str]
"""Takes a value and returns what is wrong with it, or the empty string."""

_DIRECTION = "north|south|east|west|central|northeast|southeast|northwest|southwest"
_AREA = "us|us-gov|us-iso[a-z]?|eu|eu-iso[a-z]?|eusc-de|ap|sa|ca|me|af|il|mx|cn"

_SECRETS = re.compile(
    r"""xox[a-z](?:\.xox[a-z])?-[\w-]{8,} | xapp-[\w-]{8,}            # Slack tokens
      | hooks\.slack\.com/services/\w+                               # Slack webhook addresses
      | (?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}                    # AWS access keys
      | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY | \beyJ[\w-]{10,}\.eyJ     # private keys, JSON web tokens
      | gh[pousr]_\w{20,} | ://[^/\s:@]+:[^/\s@]+@                   # GitHub tokens, passwords in addresses
      | (?<![A-Za-z0-9])[0-9a-f]{32}(?![A-Za-z0-9])                  # PagerDuty keys, Slack signing secrets
    """,
    re.VERBOSE,
)


def looks_secret(text: str) -> bool:
    """True when a text contains something that should never be in a file: a token, a key, a password."""
    return _SECRETS.search(text) is not None


def check_shapes(source: Source, shapes: dict[str, Look]) -> None:
    """Look at every text that the table names, and report what is wrong with it."""
    for pattern, look in shapes.items():
        for path, value in source.at(pattern):
            wrong = look(value) if isinstance(value, str) else ""
            if wrong:
                source.report(path, wrong)


def check_names(source: Source, pattern: str) -> None:
    """Report the keys of the blocks that a pattern names when nobody could type them."""
    for path, block in source.at(pattern):
        for name in block if isinstance(block, dict) else ():
            wrong = name_look(name)
            if wrong:
                source.report((*path, name), wrong)


def name_look(name: str) -> str:
    """A name people type: system, environment, service, role."""
    if re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
        return ""
    return "must be a name of small letters, digits and '-', starting with a letter, at most 40 long"


def channel_look(channel: str) -> str:
    """``#name`` as Slack allows it (at most 80, no capitals, spaces or full stops), or a channel's id."""
    if re.fullmatch(r"[CG][A-Z0-9]{2,}", channel):
        return ""
    name = channel.removeprefix("#")
    if name == channel:
        return f"must start with '#', in quotes: \"#{plain(channel, 80)}\""
    if 1 <= len(name) <= 80 and name == name.lower() and re.fullmatch(r"[\w-]+", name):
        return ""
    return "must be '#' and a channel name of small letters, digits, '-' and '_', at most 80 long"


def region_look(region: str) -> str:
    """An AWS region; unknown ones that look right pass, since AWS opens new ones every year."""
    if re.fullmatch(rf"({_AREA})-({_DIRECTION})-\d", region):
        return ""
    return "must be an AWS region such as us-east-1 or ap-northeast-1"


def role_look(arn: str) -> str:
    """The ARN of an IAM role."""
    if not arn or re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", arn, re.ASCII):
        return ""
    return "must be the ARN of a role: arn:aws:iam::<12 digits>:role/<name>"


def variable_look(name: str) -> str:
    """The name of an environment variable, never its value."""
    if not name or (re.fullmatch(r"[A-Z][A-Z0-9_]*", name) and not re.fullmatch(r"[A-Z0-9]{32}", name)):
        return ""
    return "must be the name of an environment variable (capitals, digits, '_'), not the key itself"


def url_look(url: str) -> str:
    """An address asked over http or https, without a password in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        usable = False
    if usable and not re.search(r"\s", url):
        return ""
    return "must be an http or https address with a host and no user name"


def artifact_look(address: str) -> str:
    """Where the versions of something lie in S3: a bucket, a key, and once the place of the version."""
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^{}\s]*\{version\}[^{}\s]*", address) or not address:
        return ""
    return "must be s3://<bucket>/<key> with {version} in the key, once"


def bucket_look(address: str) -> str:
    """A place in S3: a bucket and what the keys begin with."""
    if not address or re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w!.*'()/-]{0,500})?", address, re.ASCII):
        return ""
    return "must be s3://<bucket>/<prefix>"


def field_look(name: str) -> str:
    """The name of a field in logs."""
    if re.fullmatch(r"[A-Za-z_@][\w.@-]{0,99}", name, re.ASCII):
        return ""
    return "must be a field's name, of letters, digits, '_', '-', '.' and '@'"


def slash_look(name: str) -> str:
    """A slash command, without the slash, that Slack lets an app register."""
    if name.startswith("/"):
        return f"is written without the slash: {plain(name.lstrip('/'), 32)}"
    if name in RESERVED_COMMANDS:
        return f"/{name} is one of Slack's own commands, and a manifest with it is rejected; choose another name"
    if not re.fullmatch(r"[a-z0-9_-]{1,32}", name):
        return "must be small letters, digits, '-' and '_', at most 32 long"
    return ""


def group_look(group: str) -> str:
    """The id of a Slack user group."""
    return "" if re.fullmatch(r"S[A-Z0-9]{2,}", group) else "must be the id of a user group (S...), not its name"


def user_look(user: str) -> str:
    """The id of a Slack user."""
    return "" if re.fullmatch(r"[UW][A-Z0-9]{2,}", user) else "must be the id of a person (U...), not a name"


def mention_look(mentioned: str) -> str:
    """Whom Slack is to ping: a user group or a person, by id."""
    if re.fullmatch(r"[SUW][A-Z0-9]{2,}", mentioned):
        return ""
    return "must be the id of a user group (S...) or of a person (U...), not a name"


def mail_look(address: str) -> str:
    """One e-mail address, without a name around it."""
    return "" if re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", address, re.ASCII) else "must be an e-mail address"


def zone_look(zone: str) -> str:
    """A time zone's own name; empty where the file's own holds."""
    try:
        exact = zone_named(zone) if zone else ""
    except ValueError as error:
        return f"'{plain(zone, 60)}' {error}"
    return "" if exact == zone else f"is written {exact}"


def one_of(known: tuple[str, ...]) -> Look:
    """A word out of a list."""
    return lambda word: "" if word in known else f"'{plain(word, 60)}' is not known; {unknown(word, known)}"


def duration_look(least: str, most: str = "") -> Look:
    """A duration between two others, both included."""

    def look(text: str) -> str:
        try:
            seconds = parse_duration(text)
        except ValueError:
            return ""  # the model says what a duration is
        if parse_duration(least) <= seconds and (not most or seconds <= parse_duration(most)):
            return ""
        return f"must be at least {least}" + (f" and at most {most}" if most else "")

    return look
