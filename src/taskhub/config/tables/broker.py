"""Settings of the connection to the store that holds the messages."""

from __future__ import annotations

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
    FLOAT,
    INTEGER,
    MAPPING,
    Setting,
    honoured,
    without_effect,
)

__all__ = ("SETTINGS",)

_IN_URL = "Write it into broker_url."
_LEASES = "Workers hold leases, see lease_seconds."
_NO_AMQP = "There is no AMQP here: a queue is a name in the store."
_NO_POOL = "Threads do not wait for one another's connections, see broker_pool_limit."
_ONE_STORE = "Messages are written to and read from one store, that of broker_url."

SETTINGS: tuple[Setting, ...] = (
    honoured(
        "broker_url",
        None,
        ANY,
        "The store that holds the messages; a URL. None: the development store.",
    ),
    *without_effect(
        _ONE_STORE,
        broker_read_url=None,
        broker_write_url=None,
    ),
    *without_effect("The scheme of broker_url says the transport.", broker_transport=None),
    honoured(
        "broker_transport_options",
        {},
        MAPPING,
        "Options of the connection: master_name and sentinel_kwargs for sentinels.",
    ),
    honoured("broker_connection_timeout", 4, FLOAT, "Seconds to wait for a connection."),
    *without_effect(
        "Running workers always connect again, however long it takes.", broker_connection_retry=True
    ),
    honoured(
        "broker_connection_retry_on_startup",
        None,
        BOOLEAN,
        "The same for a worker that starts; None: as broker_connection_retry.",
    ),
    honoured(
        "broker_connection_max_retries",
        100,
        INTEGER,
        "How often in a row it tries; None or 0: forever.",
    ),
    *without_effect(
        _NO_AMQP,
        broker_channel_error_retry=False,
        broker_login_method=None,
    ),
    *without_effect(
        "The store is one server, or sentinels choose it.", broker_failover_strategy=None
    ),
    *without_effect(
        _LEASES,
        broker_heartbeat=120,
        broker_heartbeat_checkrate=3.0,
    ),
    *without_effect(
        "The store itself delays messages, for any time.",
        broker_native_delayed_delivery_queue_type="quorum",
    ),
    honoured(
        "broker_pool_limit",
        10,
        INTEGER,
        "How many connections to the store a process keeps open that no thread uses; 0 or None: "
        "none. Threads do not wait for one another: further ones open their own, and close it.",
    ),
    *without_effect(_NO_POOL, broker_pool_acquire_timeout=None),
    honoured(
        "broker_use_ssl",
        False,
        ANY,
        "TLS options for the store (ssl_cert_reqs, ssl_ca_certs, ...), or True; see rediss://.",
    ),
    *without_effect(
        _IN_URL,
        broker_host=None,
        broker_port=None,
        broker_user=None,
        broker_password=None,
    ),
    *without_effect("Write it into broker_url (the number of the database).", broker_vhost=None),
)
