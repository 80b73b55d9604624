"""A master, its replicas and the sentinels that watch them."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import ClassVar, Final, Self

from tests.support.servers import Server, find_free_port, server_binary, start_server

__all__ = ("SERVICE", "Watched")

SERVICE: Final = "mymaster"
READY_TIMEOUT: Final = 30.0


class Watched:
    """One master, one replica and three sentinels, ready for a failover.

    Args:
        name: Which server: one of ``available_servers()``.
        tmp: Where their data is.
        password: The servers' password, not the sentinels'.
        sentinel_password: The sentinels' password.
    """

    def __init__(
        self, name: str, tmp: Path, *, password: str = "", sentinel_password: str = ""
    ) -> None:
        secret = ("--requirepass", password, "--masterauth", password) if password else ()
        self._password = password
        self.sentinels: list[Server] = []
        self.servers: list[Server] = []
        try:
            self.master = start_server(name, tmp, args=secret)
            self.servers.append(self.master)
            follow = ("--replicaof", "127.0.0.1", str(self.master.port))
            at_once = ("--repl-diskless-sync-delay", "0")
            self.replica = start_server(name, tmp, args=(*secret, *follow, *at_once))
            self.servers.append(self.replica)
            for number in range(3):
                self.sentinels.append(self._sentinel(name, tmp / f"s{number}", sentinel_password))
            self._wait_until_ready(sentinel_password)
        except BaseException:
            self.close()
            raise

    @property
    def sentinel_ports(self) -> list[int]:
        return [sentinel.port for sentinel in self.sentinels]

    def close(self) -> None:
        """End them all."""
        for server in (*self.sentinels, *self.servers):
            server.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sentinel(self, name: str, directory: Path, sentinel_password: str) -> Server:
        binary = server_binary(name)
        assert binary is not None
        return _Sentinel(
            binary,
            directory,
            self.master.port,
            password=self._password,
            sentinel_password=sentinel_password,
        )

    def _wait_until_ready(self, sentinel_password: str) -> None:
        import redis

        deadline = time.monotonic() + READY_TIMEOUT
        for port in self.sentinel_ports:
            with redis.Redis(port=port, password=sentinel_password or None) as client:
                while True:
                    state = client.sentinel_master(SERVICE)
                    if state["num-other-sentinels"] == 2 and state["num-slaves"] == 1:
                        slaves = client.sentinel_slaves(SERVICE)
                        if slaves[0]["master-link-status"] == "ok":
                            break
                    if time.monotonic() > deadline:
                        raise RuntimeError(f"the sentinels don't get ready: {state}")
                    time.sleep(0.05)


class _Sentinel(Server):
    """A server in sentinel mode, which keeps what it knows in its configuration file."""

    # It opens no Unix socket.
    family: ClassVar[socket.AddressFamily] = socket.AF_INET

    def __init__(
        self,
        binary: Path,
        directory: Path,
        master_port: int,
        *,
        password: str,
        sentinel_password: str,
    ) -> None:
        directory.mkdir(mode=0o700, parents=True)
        self._configuration = directory / "sentinel.conf"
        lines = [
            f"sentinel monitor {SERVICE} 127.0.0.1 {master_port} 2",
            f"sentinel down-after-milliseconds {SERVICE} 500",
            f"sentinel failover-timeout {SERVICE} 3000",
        ]
        if password:
            lines.append(f"sentinel auth-pass {SERVICE} {password}")
        if sentinel_password:
            lines.append(f"requirepass {sentinel_password}")
            lines.append(f"sentinel sentinel-pass {sentinel_password}")
        self._configuration.write_text("\n".join(lines) + "\n")
        super().__init__(binary, directory, port=find_free_port())

    @property
    def _address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def _command(self) -> list[str]:
        return [
            *(str(self.binary), str(self._configuration), "--sentinel", "--port", str(self.port)),
            *("--bind", "127.0.0.1", "--dir", str(self.directory)),
            *("--logfile", str(self.directory / "server.log")),
        ]
