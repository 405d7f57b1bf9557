"""What stands around the services and is asked about in trouble: traces, certificates, databases, mail."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.seed.account import Account, in_parallel
from sandbox.seed.catalogue import TOKYO, US, EcsService, service_of

CERTIFICATES = (
    ("api.example.com", US, 240),
    ("app-url.com", US, 150),
    ("your-domain.com", US, 21),
    ("bi.internal.company.com", TOKYO, 90),
)
"""Domain, region, and for how many days it is valid: one of them ends soon."""

MAIL_DOMAINS = ("example.com", "arbor-energy.com")
ARBOR_DATABASE_SECRET = "arbor/production/database"
ARBOR_CACHE_SECRET = "arbor/production/redis"
DATABASES = (
    ("arbor-production-db", "arbor", ARBOR_DATABASE_SECRET),
    ("rapid-photo-prod-db", "rapid_photo", "rapid-photo/prod/database"),
)
"""Instance, database, and the secret with everything that a client needs."""
CACHE = "arbor-production-redis"

_TRACED = (("usage", "delivery-standard", "/ecs/delivery-standard-prod"), ("photo", "backend", ""))
_TRACES = 60
_TRACED_SECONDS = 1_800.0
_PER_CALL = 50


def make_surroundings(account: Account, now: float) -> None:
    """All of it; traces end at ``now`` (seconds since the epoch)."""
    makers: tuple[Callable[[], None], ...] = (
        lambda: make_databases(account),
        lambda: make_mail(account),
        lambda: make_certificates(account, now),
        lambda: make_traces(account, now),
    )
    in_parallel(lambda make: make(), makers)


def make_certificates(account: Account, now: float) -> None:
    """Certificates of the addresses that people and health checks use."""
    for domain, region, days in CERTIFICATES:
        certificate, key = _certificate(domain, now, days)
        account.client("acm", region).import_certificate(Certificate=certificate, PrivateKey=key)


def _certificate(domain: str, now: float, days: int) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
    begins = datetime.fromtimestamp(now, UTC) - timedelta(days=30)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30 + days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def make_databases(account: Account) -> None:
    """The runbooks' PostgreSQL instances and Redis, with a secret for each database that has its address, too."""
    rds, keeper = account.client("rds", US), account.client("secretsmanager", US)
    for instance, database, secret in DATABASES:
        password = secrets.token_hex(16)
        made = rds.create_db_instance(
            DBInstanceIdentifier=instance,
            DBInstanceClass="db.t3.medium",
            Engine="postgres",
            AllocatedStorage=100,
            MultiAZ=True,
            DBName=database,
            MasterUsername=database,
            MasterUserPassword=password,
            BackupRetentionPeriod=7,
        )["DBInstance"]
        told = {
            "engine": "postgres",
            "host": made["Endpoint"]["Address"],
            "port": made["Endpoint"]["Port"],
            "dbname": database,
            "username": database,
            "password": password,
        }
        keeper.create_secret(Name=secret, SecretString=json.dumps(told))
    account.client("elasticache", US).create_replication_group(
        ReplicationGroupId=CACHE,
        ReplicationGroupDescription="Cache of the Arbor backend",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
    )
    keeper.create_secret(Name=ARBOR_CACHE_SECRET, SecretString=json.dumps({"host": CACHE, "port": 6379}))


def make_mail(account: Account) -> None:
    """Domains that mail may be sent from."""
    for region in (US, TOKYO):
        for domain in MAIL_DOMAINS:
            account.client("ses", region).verify_domain_identity(Domain=domain)


def make_traces(account: Account, now: float) -> None:
    """Traces of the last half hour; those of the usage metrics are requests of its log, with the ``traceId`` there."""
    for system, name, log_group in _TRACED:
        service = service_of(system, name)
        requests = _logged(account, service, log_group, now) if log_group else _made_up(now)
        documents = [json.dumps(each) for request in requests for each in _segments(service, **request)]
        client = account.client("xray", service.region)
        for start in range(0, len(documents), _PER_CALL):
            client.put_trace_segments(TraceSegmentDocuments=documents[start : start + _PER_CALL])


def _logged(account: Account, service: EcsService, log_group: str, now: float) -> Iterator[dict[str, Any]]:
    pages = (
        account.client("logs", service.region)
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=log_group, startTime=int((now - _TRACED_SECONDS) * 1000), filterPattern="{ $.statusCode > 0 }"
        )
    )
    lines = [(event["timestamp"] / 1000, json.loads(event["message"])) for page in pages for event in page["events"]]
    told = [(at, line) for at, line in lines if {"traceId", "path", "duration"} <= line.keys()]
    # The slow and the failed ones are what people look for.
    told.sort(key=lambda each: (each[1]["statusCode"] < 500, -each[1]["duration"]))
    for at, line in told[:_TRACES]:
        yield {
            "at": at,
            "key": line["traceId"],
            "method": line["method"],
            "path": line["path"],
            "status": line["statusCode"],
            "seconds": line["duration"] / 1000,
        }


def _made_up(now: float) -> Iterator[dict[str, Any]]:
    for number in range(_TRACES):
        slow, failed = number % 20 == 7, number % 30 == 11
        yield {
            "at": now - _TRACED_SECONDS * (number + 1) / _TRACES,
            "key": f"{0xF0705 + number:016x}",
            "method": "POST" if number % 3 else "GET",
            "path": "/api/photos/upload" if number % 3 else "/api/photos",
            "status": 502 if failed else 200,
            "seconds": 4.2 if slow else 0.12 + number % 7 / 50,
        }


def _segments(
    service: EcsService, at: float, key: str, method: str, path: str, status: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """The segment of a request, and of the call to the database in which it spends most of its time."""
    trace = f"1-{int(at):08x}-{key:0>24}"
    root = {
        "trace_id": trace,
        "id": f"{int(key, 16) & 0xFFFFFFFFFFFFFFFF:016x}",
        "name": service.name,
        "origin": "AWS::ECS::Fargate",
        "start_time": at,
        "end_time": at + seconds,
        "http": {"request": {"method": method, "url": f"https://{service.name}{path}"}, "response": {"status": status}},
        "annotations": {"traceId": key, "cluster": service.cluster},
        "fault": status >= 500,
    }
    yield root
    yield {
        "trace_id": trace,
        "id": f"{(int(key, 16) + 1) & 0xFFFFFFFFFFFFFFFF:016x}",
        "parent_id": root["id"],
        "name": f"{service.name}-db",
        "origin": "Database::SQL",
        "namespace": "remote",
        "start_time": at + seconds * 0.1,
        "end_time": at + seconds * 0.8,
    }
