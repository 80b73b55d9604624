"""The engine on PostgreSQL: each verb of the port is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.config.urls import StoreURL
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.engine.postgres import schema as schemas
from taskhub.engine.postgres.administration import PostgresAdministration
from taskhub.engine.postgres.canvas_store import PostgresCanvasStore
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.exchange import PostgresExchange
from taskhub.engine.postgres.inspection import PostgresInspection
from taskhub.engine.postgres.monitoring import PostgresMonitoring
from taskhub.engine.postgres.results import PostgresResults
from taskhub.engine.postgres.store import PostgresStore

if TYPE_CHECKING:
    from taskhub.engine.port.audit_log import AuditLog
    from taskhub.engine.port.control_bus import ControlBus
    from taskhub.engine.port.history import History
    from taskhub.engine.port.locks import Locks
    from taskhub.engine.port.notifier import Notifier, Receiver, Topic
    from taskhub.engine.port.outbox_store import OutboxStore
    from taskhub.engine.port.rate_limiter import RateLimiter
    from taskhub.engine.port.schedule_store import ScheduleStore
    from taskhub.engine.port.transfer import StoreTransfer


class PostgresEngine(
    PostgresAdministration,
    PostgresCanvasStore,
    PostgresExchange,
    PostgresInspection,
    PostgresMonitoring,
    PostgresResults,
    Engine,
):
    """Keeps messages and results in one schema of one database.

    Args:
        url: Where it is.
        rules: Limits and times; the schema is called as their namespace.
        clock: The present in ms; None: the server's clock. Tests pass theirs.
        socket_timeout: Seconds to wait for a reply.
        client_name: Shown by `pg_stat_activity`.
        options: Celery's `broker_transport_options`.
    """

    def __init__(
        self,
        url: StoreURL,
        *,
        rules: EngineRules | None = None,
        clock: Callable[[], int] | None = None,
        socket_timeout: float = 5.0,
        client_name: str = "taskhub",
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.rules = rules or EngineRules()
        self.stores = EngineStores(
            broker=url,
            results=url,
            rules=self.rules,
            broker_options=options or {},
            results_options=options or {},
        )
        self._clock = clock
        connector = Connector(
            url,
            client_name=client_name,
            socket_timeout=socket_timeout,
            transport_options=options or {},
        )
        schema = self.rules.key_prefix + self.rules.namespace
        self._store = PostgresStore(connector, schema, self.rules.idle_connections, clock)

    # -- the schema

    def upgrade_schema(self) -> list[str]:
        """Create the schema, or bring it to the version of this taskhub; return what was applied.

        Raises:
            StoreRefused: The server does not let this user do it, or a newer version wrote it.
            OperationalError: The server is out of reach.
        """
        return schemas.upgrade(self._store.connector, self._store.schema)

    def pending_upgrade(self) -> list[str]:
        """Return what `upgrade_schema` would apply.

        Raises:
            StoreRefused: A newer version wrote the schema.
            OperationalError: The server is out of reach.
        """
        return schemas.pending(self._store.connector, self._store.schema)

    # -- parts of the port: a program that only sends tasks does not load them

    def notifier(self, topics: Sequence[Topic], receiver: Receiver | None = None) -> Notifier:
        from taskhub.engine.postgres.notifier import PostgresNotifier

        return PostgresNotifier(self._store, topics)

    @property
    def control_bus(self) -> ControlBus:
        from taskhub.engine.postgres.control_bus import PostgresControlBus

        return PostgresControlBus(self._store)

    def schedule_store(self, name: str) -> ScheduleStore:
        from taskhub.engine.postgres.schedule_store import PostgresScheduleStore

        return PostgresScheduleStore(name, self._store)

    def outbox_store(self, outbox: str) -> OutboxStore:
        from taskhub.engine.postgres.outbox_store import PostgresOutboxStore

        return PostgresOutboxStore(outbox, self._store, self.store_outbox_batch)

    @property
    def calls_table(self) -> tuple[str, str]:
        return self._store.schema, "calls"

    @property
    def transfer(self) -> StoreTransfer:
        from taskhub.engine.postgres.transfer import PostgresTransfer

        return PostgresTransfer(self._store)

    @property
    def locks(self) -> Locks:
        from taskhub.engine.postgres.locks import PostgresLocks

        return PostgresLocks(self._store)

    @property
    def audit_log(self) -> AuditLog:
        from taskhub.engine.postgres.audit_log import PostgresAuditLog

        return PostgresAuditLog(self._store)

    @property
    def history(self) -> History:
        from taskhub.engine.postgres.history import PostgresHistory

        return PostgresHistory(self._store, self.rules)

    @property
    def rate_limiter(self) -> RateLimiter:
        from taskhub.engine.postgres.rate_limiter import PostgresRateLimiter

        return PostgresRateLimiter(self._store)

    def close(self) -> None:
        self._store.close()
