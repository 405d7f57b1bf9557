"""The arbor backend's PostgreSQL and Redis, as far as somebody looks at them: connections, PING and INFO.

They listen on ports of 127.0.0.1, and the secrets that lead to them are told so.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable

from sandbox.postgres import Postgres
from sandbox.redis import Redis
from sandbox.seed.account import Account
from sandbox.seed.catalogue import US
from sandbox.seed.surroundings import ARBOR_CACHE_SECRET, ARBOR_DATABASE_SECRET


class Stores:
    """Both servers; what a test or a scenario changes of ``postgres`` and ``redis`` is told from then on."""

    def __init__(self) -> None:
        self.postgres = Postgres()
        self.redis = Redis()
        self._servers: list[_Server] = []

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        self._servers = [_Server(self.postgres.serve), _Server(self.redis.serve)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), name="store", daemon=True).start()

    def stop(self) -> None:
        """Close the ports."""
        while self._servers:
            server = self._servers.pop()
            server.shutdown()
            server.server_close()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of the database and of the cache, once started."""
        return [(str(server.server_address[0]), int(server.server_address[1])) for server in self._servers]

    def tell(self, account: Account) -> None:
        """Write into the secrets where the servers listen, and let the database take the password that is there."""
        keeper = account.client("secretsmanager", US)
        names = (ARBOR_DATABASE_SECRET, ARBOR_CACHE_SECRET)
        for name, (host, port) in zip(names, self.addresses, strict=True):
            told = json.loads(keeper.get_secret_value(SecretId=name)["SecretString"])
            keeper.put_secret_value(SecretId=name, SecretString=json.dumps(told | {"host": host, "port": port}))
            if name == ARBOR_DATABASE_SECRET:
                self.postgres.password = told["password"]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, serve: Callable[[socketserver.StreamRequestHandler], None]) -> None:
        class Connection(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                serve(self)

        super().__init__(("127.0.0.1", 0), Connection)
