"""Connections to real servers, and what is said when there is none."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.redis.connector import Connector, socket_of
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from tests.integration.store.conftest import PASSWORD, USER_PASSWORD
from tests.support.servers import Server, find_free_port, start_valkey
from tests.support.tls import Certificates, TLSFront


def connector(url: str, *, socket_timeout: float | None = 5.0, **more: Any) -> Connector:
    return Connector(
        parse_store_url(url), client_name="taskhub-test", socket_timeout=socket_timeout, **more
    )


def ask(url: str, *command: Any, **more: Any) -> Any:
    connection = connector(url, **more).connect()
    try:
        connection.send_command(*command)
        return connection.read_response()
    finally:
        connection.disconnect()


def complaint(url: str, **more: Any) -> str:
    with pytest.raises(OperationalError) as caught:
        connector(url, **more).connect()
    line = str(caught.value)
    assert "\n" not in line
    for secret in (PASSWORD, quote(PASSWORD, safe=""), USER_PASSWORD):
        assert secret not in line
    return line


@pytest.mark.parametrize("protocol", [2, 3])
def test_name_database_and_bytes(server: Server, protocol: int) -> None:
    connection = connector(server.url.replace("/0", "/3"), protocol=protocol).connect()
    try:
        connection.send_command("CLIENT", "LIST")
        clients = connection.read_response()
    finally:
        connection.disconnect()
    text = clients.decode() if isinstance(clients, bytes) else str(clients)
    ours = next(line for line in text.splitlines() if "name=taskhub-test" in line)
    assert " db=3 " in ours


def test_unix_socket(server: Server) -> None:
    assert ask(server.socket_url, "PING") == b"PONG"


def test_tcp_keepalive_and_timeout(server: Server) -> None:
    connection = connector(server.url, socket_timeout=3.0).connect()
    opened = socket_of(connection)
    assert opened is not None
    assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert opened.gettimeout() == 3.0
    connection.disconnect()


@pytest.mark.parametrize("scheme", ["redis", "unix"])
def test_without_socket_timeout_a_read_may_last(server: Server, scheme: str) -> None:
    url = server.url if scheme == "redis" else server.socket_url
    connection = connector(url, socket_timeout=None, connect_timeout=0.3).connect()
    try:
        assert connection.can_read(0) is False
        connection.send_command("BLPOP", "nothing-here", 0.6)
        assert connection.read_response() is None
    finally:
        connection.disconnect()


def test_timeouts_come_from_the_options_too(silent_socket: int) -> None:
    line = complaint(f"redis://127.0.0.1:{silent_socket}?socket_connect_timeout=0.2")
    assert "did not answer within 0.2 s" in line
    options = {"socket_connect_timeout": 0.1, "visibility_timeout": 60}
    line = complaint(f"redis://127.0.0.1:{silent_socket}", transport_options=options)
    assert "did not answer within 0.1 s" in line


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_a_silent_server_is_given_up_in_time(silent_socket: int, scheme: str) -> None:
    began = time.monotonic()
    url = f"{scheme}://127.0.0.1:{silent_socket}"
    line = complaint(url, socket_timeout=None, connect_timeout=0.3)
    assert "did not answer within 0.3 s" in line
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "credentials",
    [f":{quote(PASSWORD, safe='')}", f"worker:{quote(USER_PASSWORD)}", "open:", "open:any"],
)
def test_passwords_and_users(locked_server: Server, credentials: str) -> None:
    url = locked_server.url.replace("//", f"//{credentials}@")
    assert ask(url, "GET", "nothing") is None
    url = locked_server.socket_url.replace("//", f"//{credentials}@")
    assert ask(url, "GET", "nothing") is None


def test_a_restricted_user_may_connect(locked_server: Server) -> None:
    credentials = f"restricted:{quote(USER_PASSWORD)}"
    url = locked_server.url.replace("//", f"//{credentials}@").replace("/0", "/2")
    assert ask(url, "GET", "nothing") is None


def test_wrong_credentials(locked_server: Server, server: Server) -> None:
    url = locked_server.url
    assert "wants a password" in complaint(url)
    assert "did not accept the user or password" in complaint(url.replace("//", "//:wrong@"))
    assert "did not accept the user or password" in complaint(url.replace("//", "//nobody:x@"))
    forgotten_colon = complaint(url.replace("//", "//wrong@"))
    assert "a password without a user has a colon before it" in forgotten_colon
    assert "has none set" in complaint(server.url.replace("//", "//:needless@"))


def test_database_out_of_range(server: Server) -> None:
    line = complaint(server.url.replace("/0", "/9999"))
    assert "has no database 9999" in line
    assert "databases" in line


def test_nobody_there(tmp_path: Path) -> None:
    assert "refused the connection" in complaint(f"redis://127.0.0.1:{find_free_port()}")
    assert "unknown host name 'no-such-host.invalid'" in complaint("redis://no-such-host.invalid")
    assert "has no socket at" in complaint(f"unix://{tmp_path}/none.sock")
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(dead))
    assert "refused the connection" in complaint(f"unix://{dead}")


def test_a_replica_is_refused_until_it_is_promoted(server: Server, tmp_path: Path) -> None:
    follow = ("--replicaof", "127.0.0.1", str(server.port))
    binary = server.binary
    with Server(binary, tmp_path / "replica", args=follow) as replica:
        assert "is a replica, not a master" in complaint(replica.url)
        connection = _plain_client(replica)
        connection.execute_command("REPLICAOF", "NO", "ONE")
        connection.close()
        assert ask(replica.url, "PING") == b"PONG"


@pytest.mark.parametrize(
    ("version", "accepted"), [("2.8.24", False), ("6.0.16", False), ("6.2.0", True), ("10.0", True)]
)
def test_the_version_is_checked_once(version: str, accepted: bool) -> None:
    with _Impostor(version) as impostor:
        connecting = connector(f"redis://127.0.0.1:{impostor.port}")
        if not accepted:
            with pytest.raises(OperationalError, match=f"Redis {version}, which is too old"):
                connecting.connect()
            return
        connecting.connect().disconnect()
        connecting.connect().disconnect()
    assert impostor.asked.count("server") == 1
    assert impostor.asked.count("replication") == 2


def test_a_restarted_server_is_found_again(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as valkey:
        connecting = connector(valkey.url)
        assert _say(connecting, "SET", "a", "1") == b"OK"
        valkey.kill()
        with pytest.raises(OperationalError, match="refused the connection"):
            connecting.connect()
        valkey.start()
        assert _say(connecting, "GET", "a") == b"1"


def test_a_connection_belongs_to_no_connector(server: Server) -> None:
    connecting = connector(server.url)
    first, second = connecting.connect(), connecting.connect()
    first.disconnect()
    second.send_command("PING")
    assert second.read_response() == b"PONG"
    second.disconnect()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls(server: Server, certificates: Certificates) -> Iterator[TLSFront]:
    with TLSFront(server.port, certificates) as front:
        yield front


def test_tls(tls: TLSFront, certificates: Certificates) -> None:
    authority = quote(str(certificates.authority), safe="")
    url = f"rediss://localhost:{tls.port}/1?ssl_cert_reqs=required&ssl_ca_certs={authority}"
    assert ask(url, "PING") == b"PONG"
    assert ask(url.replace("required", "CERT_REQUIRED"), "PING") == b"PONG"
    unchecked = f"rediss://127.0.0.1:{tls.port}/1?ssl_cert_reqs=none"
    assert ask(unchecked, "PING") == b"PONG"


def test_tls_as_celerys_settings_declare_it(tls: TLSFront, certificates: Certificates) -> None:
    declared = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": str(certificates.authority)}
    plain_url = f"redis://localhost:{tls.port}/0"
    assert ask(plain_url, "PING", transport_options={"ssl": declared}) == b"PONG"


def test_tls_checks_the_certificate(tls: TLSFront, certificates: Certificates) -> None:
    assert "a certificate that was not accepted" in complaint(f"rediss://localhost:{tls.port}")
    authority = quote(str(certificates.authority), safe="")
    by_number = f"rediss://127.0.0.1:{tls.port}?ssl_ca_certs={authority}"
    assert "use the host name of the certificate" in complaint(by_number)
    assert ask(f"{by_number}&ssl_check_hostname=false", "PING") == b"PONG"


def test_tls_with_a_clients_certificate(server: Server, certificates: Certificates) -> None:
    with TLSFront(server.port, certificates, ask_client=True) as front:
        authority, client = (
            quote(str(path), safe="") for path in (certificates.authority, certificates.client)
        )
        url = f"rediss://localhost:{front.port}?ssl_ca_certs={authority}"
        assert "ssl_certfile=" in complaint(url)
        assert ask(f"{url}&ssl_certfile={client}&ssl_keyfile={client}", "PING") == b"PONG"


def test_plain_and_encrypted_confused(server: Server, tls: TLSFront) -> None:
    assert "use rediss://" in complaint(f"redis://localhost:{tls.port}")
    line = complaint(f"rediss://localhost:{server.port}", connect_timeout=0.5)
    assert "use redis://" in line


def test_tls_file_that_is_missing(server: Server, tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    with pytest.raises(ImproperlyConfigured, match=r"ssl_ca_certs=.*ca\.pem can't be read"):
        connector(f"rediss://localhost:{server.port}?ssl_ca_certs={missing}").connect()


def test_memory_has_nothing_to_connect() -> None:
    with pytest.raises(ImproperlyConfigured, match="nothing to connect"):
        connector("memory://").connect()


def _say(connecting: Connector, *command: Any) -> Any:
    connection = connecting.connect()
    try:
        connection.send_command(*command)
        return connection.read_response()
    finally:
        connection.disconnect()


def _plain_client(server: Server) -> Any:
    import redis

    return redis.Redis(port=server.port)


class _Impostor:
    """Answers ``INFO`` with a version of our choice: servers that old are not to be had."""

    def __init__(self, version: str) -> None:
        import threading

        self.asked: list[str] = []
        self._version = version
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> _Impostor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the thread out of its wait for a connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                while words := self._command(lines):
                    connection.sendall(self._answer(words))

    @staticmethod
    def _command(lines: Any) -> list[str]:
        head = lines.readline()
        if not head:
            return []
        return [
            lines.read(int(lines.readline()[1:]) + 2)[:-2].decode() for _ in range(int(head[1:]))
        ]

    def _answer(self, words: list[str]) -> bytes:
        if words[0] != "INFO":
            return b"+OK\r\n"
        self.asked.append(words[1])
        told = {"server": f"redis_version:{self._version}", "replication": "role:master"}[words[1]]
        text = f"# Section\r\n{told}\r\n".encode()
        return b"$%d\r\n%s\r\n" % (len(text), text)
