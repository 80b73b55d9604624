"""What the store's server reports: version, memory, append-only file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("ServerFacts", "server_facts")


@dataclass(frozen=True)
class ServerFacts:
    """The server; what is None is not known, or does not apply."""

    url: str
    server: str | None = None
    memory: int | None = None
    memory_limit: int | None = None
    append_only_file: bool | None = None
    eviction: str | None = None


def server_facts(store: StoreView) -> ServerFacts:
    """Ask the server.

    Raises:
        OperationalError: It does not answer.
    """
    from taskhub.engine.factory import look_at_server

    stores = store.engine.stores
    if not stores.is_shared:
        return ServerFacts("memory://", "this process")
    look = look_at_server(stores.broker, stores.broker_options, client_name="taskhub-web")
    if not look.check.ok:
        raise OperationalError(look.check.detail)
    fields = {name: value.strip() for name, value in look.fields.items()}
    limit = _number(fields.get("maxmemory"))
    persistent = fields.get("aof_enabled")
    return ServerFacts(
        stores.broker.masked(),
        look.check.detail.partition(" at ")[0] if fields else None,
        _number(fields.get("used_memory")),
        limit or None,
        None if persistent is None else persistent == "1",
        fields.get("maxmemory_policy"),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
