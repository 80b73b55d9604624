"""Limits and times that every engine keeps."""

from __future__ import annotations

from dataclasses import dataclass

_DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, kw_only=True)
class EngineRules:
    """What an engine must know of the configuration; times in milliseconds."""

    #: Begins all keys but those of results; applications with different names share a server
    #: without meeting.
    namespace: str = "taskhub"
    #: Stands before the namespace in all keys but those of results.
    key_prefix: str = ""
    #: Stands before Celery's names of keys of results.
    results_prefix: str = ""
    #: How often a message is delivered before it is taken for one that kills its workers.
    max_deliveries: int = 5
    #: A message with a body of more bytes is not run but rejected; 0: there is no limit.
    largest_message: int = 32 * 1024 * 1024
    #: A worker that has not renewed its lease for this long is taken for dead.
    lease: int = 10_000
    #: How long dead letters are kept.
    dead_letter_ttl: int = 30 * _DAY
    #: How long counts of completions, and what tasks failed with, are kept; 0: nothing is counted.
    statistics_ttl: int = 3 * _DAY
    #: How many tasks that have ended the history keeps, and for how long; 0: none.
    history_limit: int = 100_000
    history_ttl: int = 7 * _DAY
    #: How many messages of failed tasks are kept, for as long as dead letters; 0: none.
    failed_limit: int = 10_000
    #: How many bytes these have together, reasons included; 0: there is no limit.
    failed_max_bytes: int = 256 * 1024 * 1024
    #: How many connections to the store stay open that nobody uses; 0: each call opens its own.
    idle_connections: int = 10
    #: About how many events the stream keeps.
    events_kept: int = 10_000

    @property
    def keeps_history(self) -> bool:
        """Whether tasks that have ended are kept."""
        return self.history_limit > 0 and self.history_ttl > 0

    @property
    def keys(self) -> str:
        """What all keys begin with but those of results; the namespace in braces."""
        return f"{self.key_prefix}{{{self.namespace}}}"
