"""PgBouncer from the distribution's packages, before a server of PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final, Self

import psycopg
import pytest

from tests.support.servers import end_with_parent, find_free_port

HOW_TO_INSTALL: Final = "no pgbouncer: install it, as in `apt-get install pgbouncer`"
_SETTINGS: Final = """
[databases]
* = host={host} port={server_port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 20
max_client_conn = 200
"""


class PgBouncer:
    """A pooler, until it is closed.

    Args:
        directory: Where its settings are.
        host, port, user: The server.
        mode: "session" or "transaction".
    """

    def __init__(self, directory: Path, *, host: str, port: int, user: str, mode: str) -> None:
        # An administrator's directories are not in the path of others.
        path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
        program = shutil.which("pgbouncer", path=path)
        if program is None:
            pytest.skip(HOW_TO_INSTALL)
        self.port = find_free_port()
        settings = directory / f"pgbouncer-{mode}.ini"
        settings.write_text(
            _SETTINGS.format(host=host, server_port=port, user=user, port=self.port, mode=mode)
        )
        # It refuses to run as root.
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            [program, "-q", *as_user, str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent(),
        )
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(
                    host="127.0.0.1", port=self.port, user=user, dbname="postgres"
                ).close()
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError("pgbouncer does not start")
            time.sleep(0.02)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
