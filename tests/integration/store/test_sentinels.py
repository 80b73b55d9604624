"""Three real sentinels, a master and its replica, and a failover."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.redis.connector import Connector
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from tests.support.sentinels import SERVICE, Watched
from tests.support.servers import available_servers, find_free_port

PASSWORD = "theirs"
SENTINEL_PASSWORD = "guarded"


@pytest.fixture(params=available_servers())
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    with Watched(
        request.param, tmp_path, password=PASSWORD, sentinel_password=SENTINEL_PASSWORD
    ) as running:
        yield running


def url_of(ports: list[int], query: str = "") -> str:
    places = ";".join(f"sentinel://127.0.0.1:{port}" for port in ports)
    return places.replace("//", f"//:{PASSWORD}@", 1) + f"/1{query}"


def connector(url: str, **options: Any) -> Connector:
    return Connector(
        parse_store_url(url), client_name="test", socket_timeout=5.0, transport_options=options
    )


def test_the_master_is_found_also_after_a_failover(watched: Watched) -> None:
    dead = find_free_port()
    url = url_of([dead, *watched.sentinel_ports], f"?service_name={SERVICE}")
    connecting = connector(f"{url}&sentinel_password={SENTINEL_PASSWORD}")
    first = connecting.connect()
    assert _port(first) == watched.master.port
    first.disconnect()

    # As Celery's users say it.
    celerys = connector(
        url_of(watched.sentinel_ports),
        master_name=SERVICE,
        sentinel_kwargs={"password": SENTINEL_PASSWORD},
        min_other_sentinels=2,
    )
    celerys.connect().disconnect()
    with pytest.raises(OperationalError, match="no master to offer"):
        connector(f"{url}&sentinel_password={SENTINEL_PASSWORD}", min_other_sentinels=3).connect()

    line = _complaint(connector(url))
    assert "wants a password" in line
    line = _complaint(
        connector(
            url_of(watched.sentinel_ports, "?service_name=other"),
            sentinel_kwargs={"password": SENTINEL_PASSWORD},
        )
    )
    assert "knows no master 'other'" in line

    watched.master.kill()
    second = _connect_within(30, connecting)
    assert _port(second) == watched.replica.port
    second.send_command("SET", "after", "failover")
    assert second.read_response() == b"OK"
    second.disconnect()


def test_no_sentinel_answers() -> None:
    ports = [find_free_port(), find_free_port()]
    line = _complaint(connector(url_of(ports, "?service_name=m")))
    assert "has no master to offer" in line
    for port in ports:
        assert f"sentinel 127.0.0.1:{port} refused the connection" in line


def test_the_services_name_is_needed() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"\?service_name=mymaster"):
        connector(url_of([find_free_port()])).connect()


def _connect_within(seconds: float, connecting: Connector) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return connecting.connect()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _port(connection: Any) -> int:
    port: int = connection.port
    return port


def _complaint(connecting: Connector) -> str:
    with pytest.raises(OperationalError) as caught:
        connecting.connect()
    line = str(caught.value)
    assert "\n" not in line
    assert SENTINEL_PASSWORD not in line
    return line
