"""Whether a store answers, and how fast."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from taskhub.config.urls import StoreURL
from taskhub.engine.port.server_look import ServerLook
from taskhub.engine.redis.connector import Connector
from taskhub.exceptions import OperationalError
from taskhub.health import Check

_ADVICE = "start the server, or set TASKHUB_BROKER_URL to another"


def look_at_server(
    url: StoreURL, options: Mapping[str, Any], *, client_name: str, timeout: float = 5.0
) -> ServerLook:
    """Connect anew, log in, choose the database and ask the server about itself.

    Args:
        url: The server.
        options: the transport options of the connection.
        client_name: what the connection is called on the server.
        timeout: seconds that each answer may take.
    """
    started = time.monotonic()
    try:
        connector = Connector(
            url, client_name=client_name, socket_timeout=timeout, transport_options=dict(options)
        )
        connection = connector.connect()
    except OperationalError as error:
        what, _, remedy = str(error).rpartition(": ")
        seconds = time.monotonic() - started
        return ServerLook(Check(False, seconds, what or remedy, remedy if what else _ADVICE), {})
    import redis.exceptions as errors

    try:
        connection.send_command("INFO")
        fields = _fields(connection.read_response())
    except errors.NoPermissionError:
        fields = {}
    finally:
        connection.disconnect()
    seconds = time.monotonic() - started
    if not fields:
        user = url.username or "default"
        detail = f"the server at {url.masked()} may not be asked about itself (INFO)"
        return ServerLook(Check(True, seconds, detail, f"ACL SETUSER {user} +info"), {})
    name = "Valkey" if "valkey_version" in fields else "Redis"
    version = fields.get("valkey_version") or fields.get("redis_version", "?")
    return ServerLook(Check(True, seconds, f"{name} {version} at {url.masked()}"), fields)


def _fields(reply: Any) -> dict[str, str]:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
