"""Relays of an app: one for each outbox that its settings name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from taskhub.app.stores import milliseconds
from taskhub.transactions.relay import Relay
from taskhub.transactions.source import OutboxSource, open_source
from taskhub.transactions.table import read_name

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("RelayThreads", "make_relays", "open_sources")


def open_sources(app: Celery) -> list[OutboxSource]:
    """Return the outboxes that the setting `outbox_url` names.

    Raises:
        ImproperlyConfigured: A library or driver is missing, or a URL cannot be used.
    """
    conf = app.conf
    table, namespace = read_name(conf.outbox_table), app.engine.rules.namespace
    return [open_source(url, table, namespace) for url in conf.outbox_url or ()]


def make_relays(app: Celery) -> list[Relay]:
    """Return a relay for each outbox of an app; they do not run yet.

    Raises:
        ImproperlyConfigured: A library or driver is missing, or a URL cannot be used.
    """
    engine, append_events = app.engine, app.calls.publishing.append_events
    lease, interval = (
        (milliseconds(setting) or 1) / 1000
        for setting in (app.conf.scheduler_lease, app.conf.outbox_interval)
    )
    return [
        Relay(source, engine.outbox_store, append_events, lease=lease, interval=interval)
        for source in open_sources(app)
    ]


class RelayThreads:
    """The relays of an app, each in a thread of its own; of several processes' relays one leads.

    Args:
        app: The app; without the setting `outbox_url` there are none.
    """

    def __init__(self, app: Celery) -> None:
        self.relays = make_relays(app)
        self._threads = [
            threading.Thread(target=relay.run, name="taskhub-relay", daemon=True)
            for relay in self.relays
        ]

    def start(self) -> None:
        """Start them."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Let what is being moved be moved, and end them.

        Args:
            timeout: How long one may take, seconds: a database may be silent. What it has moved and
                not deleted, the next relay deletes.
        """
        for relay in self.relays:
            relay.stop()
        for thread in self._threads:
            thread.join(timeout)
