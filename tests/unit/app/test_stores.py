"""How the settings say what connections to the stores are made with."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.app.stores import make_engine
from taskhub.config.configuration import Configuration
from taskhub.engine.port.engine import Engine

URL = "redis://localhost:6379/0"


def engine(**settings: Any) -> Engine:
    return make_engine(Configuration({"broker_url": URL, **settings}))


def test_settings_for_tls_are_options_of_the_connections() -> None:
    made = engine(
        broker_use_ssl=True,
        result_backend="redis://other:6379/0",
        redis_backend_use_ssl={"ssl_ca_certs": "ca.pem"},
    )
    assert made.stores.broker_options["ssl"] is True
    assert made.stores.results_options == {"ssl": {"ssl_ca_certs": "ca.pem"}}


def test_without_settings_connections_are_plain() -> None:
    assert engine().stores.broker_options == {"socket_connect_timeout": 4}
    assert engine().stores.results_options == {}


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        (URL, {}, 2.0),
        (f"{URL}?socket_connect_timeout=7", {}, "7"),
        (URL, {"socket_connect_timeout": 9}, 9),
    ],
    ids=["alone", "below the URL", "below the transport options"],
)
def test_the_timeout_of_connecting(url: str, options: dict[str, int], expected: object) -> None:
    made = engine(broker_url=url, broker_connection_timeout=2.0, broker_transport_options=options)
    assert made.stores.broker_options["socket_connect_timeout"] == expected
