"""What the applications write: one request after another, in each application's own format, errors included."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_BROWSERS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1)", "okhttp/5.1.0")
_CUSTOMERS = ("abc123", "cus_7714", "cus_2209", "cus_8053", "cus_4471", "cus_9120")
_TABLES = ("usage_readings", "plans", "recommendations", "customers")
_PHOTO_TABLES = ("photos", "albums", "upload_jobs", "flyway_schema_history")


@dataclass(frozen=True)
class Visit:
    """One request: what every line about it shares."""

    at: float
    trace: str
    method: str
    path: str
    status: int
    duration: int
    """Milliseconds."""

    @property
    def moment(self) -> datetime:
        """When, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def stamp(self) -> str:
        """RFC 3339 with milliseconds."""
        return f"{self.moment:%Y-%m-%dT%H:%M:%S}.{int(self.at * 1000) % 1000:03d}Z"


Lines = Callable[[Visit, random.Random], list[str]]


def visits(start: float, end: float, each: float, style: str, chance: random.Random) -> Iterator[Visit]:
    """Requests between two instants, ``each`` seconds apart on average; one in sixty fails, one in forty is slow."""
    routes = ROUTES.get(style, ROUTES["usage"])
    at = start
    while (at := at + chance.expovariate(1 / each)) < end:
        method, path = chance.choice(routes)
        path = path.replace("{n}", str(chance.randint(100, 999)))
        failed = chance.random() < 1 / 60 and path != "/health"
        slow = chance.random() < 1 / 40
        usual = chance.gauss(140, 60)
        duration = max(3, int(chance.uniform(1_200, 3_600) if slow else usual))
        status = chance.choice((500, 502, 503)) if failed else (201 if method == "POST" else 200)
        yield Visit(at, f"{chance.getrandbits(64):016x}", method, path, status, duration)


def _usage(visit: Visit, chance: random.Random) -> list[str]:
    line = {
        "level": "info",
        "timestamp": visit.stamp,
        "service": "ioanyt-delivery-standard",
        "method": visit.method,
        "path": visit.path,
        "statusCode": visit.status,
        "duration": visit.duration,
        "traceId": visit.trace,
        "customer_id": chance.choice(_CUSTOMERS),
        "message": "request completed",
    }
    if visit.status < 500:
        return [json.dumps(line)]
    reason = chance.choice(
        (
            "Error: connect ETIMEDOUT 10.20.4.17:5432",
            "Error: upstream metrics-store answered 503",
            "TypeError: Cannot read properties of undefined (reading 'total')",
        )
    )
    return [json.dumps(line | {"level": "error", "message": reason}), json.dumps(line)]


def _arbor_backend(visit: Visit, chance: random.Random) -> list[str]:
    line = {
        "timestamp": visit.stamp,
        "level": "INFO",
        "logger": "app.api",
        "customer_id": chance.choice(_CUSTOMERS),
        "method": visit.method,
        "path": visit.path,
        "status": visit.status,
        "duration": visit.duration,
        "traceId": visit.trace,
        "message": "request finished",
    }
    if visit.status < 500:
        return [json.dumps(line)]
    reason = chance.choice(
        (
            "Connection pool exhausted: QueuePool limit of size 20 overflow 10 reached",
            "Redis connection refused: arbor-production-redis:6379",
            "RecommendationError: no tariff for the meter's region",
        )
    )
    return [json.dumps(line | {"level": "ERROR", "logger": "app.services", "message": reason}), json.dumps(line)]


def _arbor_frontend(visit: Visit, chance: random.Random) -> list[str]:
    address = f"10.30.{chance.randint(0, 3)}.{chance.randint(2, 250)}"
    size = chance.randint(400, 90_000)
    agent = chance.choice(_BROWSERS)
    when = f"{visit.moment:%d/%b/%Y:%H:%M:%S +0000}"
    return [f'{address} - - [{when}] "{visit.method} {visit.path} HTTP/1.1" {visit.status} {size} "-" "{agent}"']


def _bi_api(visit: Visit, chance: random.Random) -> list[str]:
    tail = f"trace={visit.trace}"
    done = f"{visit.stamp} INFO  [api] {visit.method} {visit.path} {visit.status} {visit.duration}ms {tail}"
    if visit.status < 500:
        return [done]
    reason = chance.choice(
        (
            "executor answered 504 for the card",
            "ProvisionedThroughputExceededException on bi_datasets",
            "AccessDenied: s3:GetObject on the dataset's prefix",
        )
    )
    return [f"{visit.stamp} ERROR [api] {visit.path} failed: {reason} {tail}", done]


def _bi_executor(visit: Visit, chance: random.Random) -> list[str]:
    card = f"card_{chance.randint(100, 180)}"
    start = f"{visit.stamp} INFO  [executor] {card} started dataset=ds_{chance.randint(1, 40)} trace={visit.trace}"
    if visit.status < 500:
        return [
            start,
            f"{visit.stamp} INFO  [executor] {card} finished duration={visit.duration}ms trace={visit.trace}",
        ]
    return [start, f"{visit.stamp} ERROR [executor] {card} timeout after 10000ms trace={visit.trace}"]


def _caption(visit: Visit, chance: random.Random) -> list[str]:
    when = f"{visit.moment:%Y-%m-%d %H:%M:%S},{int(visit.at * 1000) % 1000:03d}"
    if visit.status < 500:
        return [f"{when} INFO app caption generated in {visit.duration} ms request={visit.trace}"]
    reason = chance.choice(
        (
            "Bedrock InvokeModel: ThrottlingException, too many requests",
            "Cognito token rejected: NotAuthorizedException",
            "DynamoDB PutItem on image_captions: ThrottlingException",
        )
    )
    return [f"{when} ERROR app {reason} request={visit.trace}"]


def _photo(visit: Visit, chance: random.Random) -> list[str]:
    thread = f"[nio-8080-exec-{chance.randint(1, 10)}]"
    told = f"{visit.method} {visit.path} status={visit.status} duration={visit.duration} traceId={visit.trace}"
    done = f"{visit.stamp}  INFO 1 --- {thread} c.r.upload.RequestLog : {told}"
    if visit.status < 500:
        return [done]
    reason = chance.choice(
        (
            "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available",
            "software.amazon.awssdk.services.s3.model.S3Exception: Slow Down (503)",
        )
    )
    trace = "\tat com.rapidphoto.upload.PhotoService.store(PhotoService.java:118)"
    return [f"{visit.stamp} ERROR 1 --- {thread} c.r.upload.PhotoService : {reason}\n{trace}", done]


def _lambda(visit: Visit, chance: random.Random) -> list[str]:
    """One call of a function: what Lambda writes around what the function does."""
    request = f"{visit.trace[:8]}-{visit.trace[8:12]}-4{visit.trace[12:15]}-8{visit.trace[:3]}-{visit.trace[3:15]}"
    used = chance.randint(180, 420)
    did = f"{visit.stamp}\t{request}\tINFO\tresized photo {chance.randint(1_000, 9_999)} duration={visit.duration}"
    if visit.status >= 500:
        did = f"{visit.stamp}\t{request}\tERROR\tcannot read the photo: AccessDenied: s3:GetObject"
    report = f"Duration: {visit.duration}.31 ms\tBilled Duration: {visit.duration + 1} ms\tMemory Size: 1024 MB"
    return [
        f"START RequestId: {request} Version: 2",
        did,
        f"END RequestId: {request}",
        f"REPORT RequestId: {request}\t{report}\tMax Memory Used: {used} MB",
    ]


def _postgresql(login: str, tables: tuple[str, ...]) -> Lines:
    """What RDS writes of PostgreSQL: checkpoints, slow statements, and what went wrong when a request failed."""

    def lines(visit: Visit, chance: random.Random) -> list[str]:
        when, process = f"{visit.moment:%Y-%m-%d %H:%M:%S} UTC", chance.randint(400, 900)
        head = f"{when}:10.30.1.{chance.randint(10, 40)}({chance.randint(30_000, 60_000)}):{login}:[{process}]:"
        table = chance.choice(tables)
        if visit.status >= 500:
            return [head + chance.choice(_DATABASE_TROUBLE).format(table=table, process=process)]
        if visit.duration < 1_000:
            return [f"{when}::@:[{process}]:LOG:  checkpoint complete: wrote {chance.randint(20, 400)} buffers"]
        statement = f"SELECT * FROM {table} WHERE customer_id = $1 ORDER BY created_at"
        return [f"{head}LOG:  duration: {visit.duration}.{chance.randint(100, 999)} ms  statement: {statement}"]

    return lines


_DATABASE_TROUBLE = (
    "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
    "FATAL:  sorry, too many clients already",
    "ERROR:  deadlock detected\n"
    "DETAIL:  Process {process} waits for ShareLock on transaction 88213; blocked by process 611.\n"
    "STATEMENT:  UPDATE {table} SET updated_at = now() WHERE id = $1",
    "ERROR:  canceling statement due to statement timeout\nSTATEMENT:  SELECT count(*) FROM {table}",
    "LOG:  could not receive data from client: Connection reset by peer",
)


STYLES: dict[str, Lines] = {
    "usage": _usage,
    "arbor-backend": _arbor_backend,
    "arbor-frontend": _arbor_frontend,
    "bi-api": _bi_api,
    "bi-executor": _bi_executor,
    "caption": _caption,
    "photo": _photo,
    "lambda": _lambda,
    "postgresql": _postgresql("arbor_user@arbor_production", _TABLES),
    "postgresql-photo": _postgresql("rapidphoto_admin@rapidphoto", _PHOTO_TABLES),
}

ROUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "usage": (("GET", "/v1/usage"), ("POST", "/v1/events"), ("GET", "/v1/reports/{n}"), ("GET", "/health")),
    "arbor-backend": (
        ("POST", "/api/v1/recommendations"),
        ("GET", "/api/v1/plans"),
        ("GET", "/api/v1/customers/{n}"),
        ("GET", "/api/v1/health"),
    ),
    "arbor-frontend": (("GET", "/"), ("GET", "/plans"), ("GET", "/assets/app.js")),
    "bi-api": (("GET", "/api/dashboards/{n}"), ("GET", "/api/cards/{n}"), ("POST", "/api/datasets")),
    "photo": (("POST", "/api/v1/photos"), ("GET", "/api/v1/albums/{n}"), ("GET", "/api/v1/photos/{n}")),
}
