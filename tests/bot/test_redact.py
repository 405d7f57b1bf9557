"""Secrets are made here, at run time, so that the file itself holds none."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redact import clean, redact, strip_control
from bot.secret_values import MASK

MEGABYTE = 1_000_000
WORD = "hunter" + "2"
ACCESS_KEY = "AKIA" + "Q7" * 8
SESSION_KEY = "ASIA" + "Z3" * 8
AWS_SECRET = "aB3/" * 10
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', b'{"sub":"bob"}', b"s" * 9)
)
CARD = "4111" + "1" * 12
PEM = "-----BEGIN {0}-----\n" + "QUJD" * 12 + "\n-----END {0}-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"using {ACCESS_KEY} now", ACCESS_KEY),
        (f"using {SESSION_KEY}.", SESSION_KEY),
        (f"aws secret access key is {AWS_SECRET}", AWS_SECRET),
        (f"cookie jwt {JWT} expired", JWT),
        (f"Authorization: Bearer {WORD}abc", WORD),
        (f'"authorization": "Bearer {WORD}abc"', WORD),
        (
            f"curl -H 'Authorization: Basic {base64.b64encode(b'bob:pw').decode()}'",
            base64.b64encode(b"bob:pw").decode(),
        ),
        (f"Bearer {WORD}xyz", WORD),
        (PEM.format("RSA PRIVATE KEY"), "QUJD"),
        ("-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 12, "QUJD"),
        (f"postgres://app:{WORD}@db:5432/app", WORD),
        (f"postgres://app:{WORD}@x@db:5432/app", WORD),
        (f"redis://:{WORD}@cache:6379", WORD),
        (f"x-api-key: {WORD}", WORD),
        (f"X-Api-Key={WORD}", WORD),
        ("token is xoxb-" + "1234-abcd-5678", "1234-abcd"),
        ("posting as xoxa-" + "1234-abcd-5678", "1234-abcd"),
        ("posting as xoxp-" + "1234-abcd-5678", "1234-abcd"),
        ("posting as xoxr-" + "1234-abcd-5678", "1234-abcd"),
        ("xapp-" + "1-A0-abcdef", "A0-abcdef"),
        ("ghp_" + "a1" * 18, "a1a1"),
        ("github_pat_" + "a1" * 20, "a1a1"),
        (f"password={WORD}&user=bob", WORD),
        (f"password = {WORD}", WORD),
        (f"password: '{WORD}'", WORD),
        (f"DB_PASS={WORD}", WORD),
        (f"DSN={WORD}", WORD),
        (f"SENTRY_DSN: https://{WORD}@sentry.example.com/1", WORD),
        (f"BROKER_URL=amqp://app:{WORD}@mq:5671", WORD),
        (f"JWT_SECRET_PROD={WORD}", WORD),
        (f"clientSecret: {WORD}", WORD),
        (f"token={WORD}", WORD),
        (f"Server=db;Password={WORD};Database=app", WORD),
        (f"password=a,{WORD}", WORD),
        (json.dumps({"password": WORD}), WORD),
        (json.dumps({"password": f'"{WORD}'}), WORD),
        (json.dumps({"message": json.dumps({"password": WORD})}), WORD),
        (f'{{"password": "{WORD}', WORD),
        (f"https://bucket.s3.amazonaws.com/a?X-Amz-Signature={WORD}", WORD),
        ("sent to bob.ito+x@example.co.uk today", "bob.ito"),
        (f"card {CARD}", CARD),
        (f"card {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]} 12/27", CARD[4:8] + " "),
        (f"at 2022-09-25 {CARD}", CARD),
        ("https://hooks.slack.com/" + "services/T0/B0/abcd", "abcd"),
        (f'password= "secret": "{WORD}"', WORD),
        (f"password= x-api-key: {WORD}", WORD),
        (f"Bearer Bearer {WORD}", WORD),
        (f"Basic x-api-key: {WORD}", WORD),
        (json.dumps({"db": {"password": ["a", WORD]}}), WORD),
        (json.dumps({"password": {"a]}": "it's }", "value": WORD}}), WORD),
        (json.dumps({"message": json.dumps({"tokens": 3, "password": ['a"]', WORD]})}), WORD),
        (f'{{"password": [["a"], "{WORD}', WORD),
        (f"password=Optional[{WORD}]", WORD),
        (f'password=Some("{WORD}")', WORD),
        (f"Authorization=[Bearer x, {WORD}]", WORD),
        (f"password={ACCESS_KEY}!{WORD}", WORD),
        (json.dumps({"name": "DB_PASSWORD", "value": WORD}), WORD),
        (json.dumps({"value": WORD, "name": "DB_PASSWORD"}), WORD),
        (json.dumps({"message": json.dumps([{"Name": "STRIPE_KEY", "Value": WORD}])}), WORD),
        (f"{{ name: 'API_TOKEN', value: '{WORD}' }}", WORD),
        (f"- name: DB_PASSWORD\n  value: {WORD}", WORD),
        (f"{{'password': b'{WORD}'}}", WORD),
        (f"postgres://user:p/{WORD}@h/db", WORD),
        (f"postgres://user:p@ss@w/{WORD}@host/db", WORD),
        (f"postgres://user:p/a?{WORD}@host/db", WORD),
        (f"postgres://user:12345{WORD}@host/db", WORD),
        (f"https://{WORD}@host/x", WORD),
        ("Bearer " + "abcdefghijkl", "abcdefghijkl"),
        ("Basic " + "abcdefgh", "abcdefgh"),
        ("STRIPE_KEY=" + "rk_live_" + "a1" * 12, "a1a1"),
        ("found " + "rk_live_" + "a1" * 12, "a1a1"),
        (f"JWT_KEY={WORD}", WORD),
        (f"APP_KEY=base64:{WORD}", WORD),
        (f'"appKey": "{WORD}"', WORD),
        (f"SENDGRID_KEY: {WORD}", WORD),
        (f"sessionid={WORD}; path=/", WORD),
        (f"PHPSESSID={WORD}", WORD),
        (f"password=\n{WORD}", WORD),
        (json.dumps({"message": f"password:\n  {WORD}"}), WORD),
        (f"CREATE USER 'app' IDENTIFIED BY '{WORD}'", WORD),
        (f"CREATE USER app IDENTIFIED BY {WORD};", WORD),
        ("SG." + "a1" * 11 + "." + "b2" * 22, "b2b2"),
        (f'alter role app with password "{WORD}"', WORD),
        (f"curl -u user:{WORD} https://host", WORD),
        (f"curl -sSu 'user:a {WORD}' https://host", WORD),
        (f"curl --user user:{WORD}", WORD),
        (json.dumps({"cmd": f'curl -u "user:{WORD}" x'}), WORD),
        (json.dumps({"message": f"card\n{CARD}"}), CARD),
        (f"order_{CARD}", CARD),
    ],
)
def test_a_secret_is_masked(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert MASK in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager",
        "valueFrom arn:aws:secretsmanager:us-east-1:123456789012:secret:bi/production/jwt-AbCdEf",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/api@sha256:" + "0f" * 32,
        "arn:aws:ecs:us-east-1:123456789012:task-definition/api:41",
        "max_tokens: 300, token_count=12, prompt tokens=5",
        "secret_name=bi/production/jwt token_expires: 3600",
        "Basic authentication failed",
        "at node_modules/express@4.18.2/lib/router.js:12:5",
        "request 1663955550123 took 1663955550123456 ns",
        "secret rotated in commit " + "0a1b2c3d4e" * 4,
        "https://api.example.com/health?at=12:30",
        '"secrets":[{"name":"DB_PASSWORD","valueFrom":"arn:aws:secretsmanager:us-east-1:123456789012:secret:a"}]',
        "secretary: bob, passengers: 12",
        "Bearer authentication is required, the bearer token is expired",
        'WWW-Authenticate: Basic realm="api"',
        f"request=a{CARD}f took 12 ms",
        f"trace {CARD}e0 of span c{CARD}",
        "s3 key=exports/2026/a.csv CACHE_KEY=basket:17 INVALID_KEY: no such key",
        "http://localhost:4873/@scope/lib and https://example.com/@bob",
        "git clone ssh://git@host/repository",
        "DB_PASSWORD=\nDB_HOST=db-1",
        "docker run -u 1000:1000 api",
        '{"name": "LOG_LEVEL", "value": "debug"}',
        'password authentication failed for user "app"',
        f"1 datapoint [5.{CARD} (25/11/26 22:29:00)] was greater than the threshold (5.0)",
        "the user that was identified by email has gone",
    ],
)
def test_what_an_incident_is_understood_by_stays(text: str) -> None:
    assert redact(text) == text


def test_the_rest_of_the_line_stays_readable() -> None:
    text = f'{{"level":"error","password":"{WORD}","path":"/login","status":500}}'
    assert json.loads(redact(text)) == {"level": "error", "password": MASK, "path": "/login", "status": 500}


@pytest.mark.parametrize("value", [["a", WORD], {"value": [WORD]}, [], [{"a": "it's ]"}]])
def test_what_was_json_is_json_when_a_secret_is_a_list_or_an_object(value: object) -> None:
    text = json.dumps({"db": {"password": value}, "status": 500})
    assert json.loads(redact(text)) == {"db": {"password": MASK}, "status": 500}
    assert redact(redact(text)) == redact(text)


def test_the_host_of_an_address_stays_readable() -> None:
    assert redact(f"postgres://app:{WORD}@db:5432/app?x=a@b") == f"postgres://{MASK}@db:5432/app?x=a@b"


@pytest.mark.parametrize(
    "text",
    [
        f"password=\x1b[31m{WORD}\x1b[0m",
        f"\x1b[36mpassword\x1b[0m=\x1b[35m{WORD} host=db",
        f"Authorization: \x1b[31mBearer {WORD}",
        f'password: \x1b[33m"a {WORD}"',
        f"pass\x1b[1;31mword={WORD}",
        f"\x1b[0master_key={WORD}",
        f"password\u200b={WORD}",
        f"\x1bPassword={WORD}",
        json.dumps({"message": f"password=\x1b[31m{WORD}"}),
        f"\\033[1mpassword=\\033[0m{WORD}",
    ],
)
def test_colours_and_what_is_not_seen_hide_no_secret(text: str) -> None:
    assert WORD not in clean(text)
    assert MASK in clean(text)


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    assert len(redact(text)) <= len(text) * len(MASK)


PIECES = st.lists(
    st.sampled_from(
        ["password", "=", ": ", '"', "'", "\\", "Bearer ", "Basic ", "eyJ", "@", "a.b", "4111 ", "secret", "://", " "]  # noqa: RUF005
        + ["-----BEGIN A-----", "-----END A-----", ",", MASK, "token", "authorization", "\n", "_name", AWS_SECRET]
    ),
    max_size=20,
).map("".join)
PLACES = ["password={}", '"password": "{}"', "Authorization: Bearer {}", "x-api-key: {}", "a://u:{}@h"]
PLACES += ['"password": ["a", "{}"]', '"name": "DB_PASSWORD", "value": "{}"', "a://u:b/{}@h"]


@given(PIECES, PIECES, st.sampled_from(PLACES))
def test_no_surroundings_bring_a_secret_to_light(before: str, after: str, place: str) -> None:
    secret = WORD + WORD
    assert secret not in redact(f"{before} {place.format(secret)} {after}")


@pytest.mark.parametrize(
    "piece",
    ["a", "password=", 'password="', '\\"', "eyJ", "4", "4111 ", "a@", "a.", "://a:", "-----BEGIN A-----", "Bearer a"]  # noqa: RUF005
    + ["secret ", "\x1b[", "\x1b]", "A" * 40 + " secret ", ",a", "token_", "abc@d.", "://a:@", "name=password,value="]
    + ["password=[", "password=['", 'value="', "password=\n", "curl -u ", "identified by password ", "a.b@", "x["],
)
def test_a_megabyte_of_bait_is_swallowed(piece: str) -> None:
    # Anything worse than linear would take minutes to hours here.
    text = "password=" + piece * (MEGABYTE // len(piece))
    assert len(redact(text)) <= len(text) * 4
    assert len(strip_control(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[31mERROR\x1b[0m failed", "ERROR failed"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "click"),
        ("\x9b1mbold", "bold"),
        ("a\x00b\x07c\x7f", "abc"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("user\u202etxt.exe\u202c", "usertxt.exe"),
        ("\u2066a\u2069\u200b\ufeff", "a"),
        ("bad \ud800 surrogate", "bad  surrogate"),
        ("tab\tstays", "tab\tstays"),
        ("👩\u200d🚀 né Ünïcode 日本", "👩\u200d🚀 né Ünïcode 日本"),
    ],
)
def test_control_characters_are_removed(text: str, plain: str) -> None:
    assert strip_control(text) == plain


@given(st.text(alphabet=st.characters()))
def test_stripped_text_can_always_be_stored(text: str) -> None:
    stripped = strip_control(text)
    assert stripped.encode("utf-8").decode("utf-8") == stripped
    assert "\x1b" not in stripped and "\x00" not in stripped
