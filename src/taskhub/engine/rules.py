"""Limits and times that every engine keeps."""

from __future__ import annotations

from dataclasses import dataclass

_DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, kw_only=True)
class EngineRules:
    """What an engine must know of the configuration; times in milliseconds."""

    #: Begins all keys but those of results; applications with different names share a server without meeting.
    namespace: str = "taskhub"
    #: How often a message is handed out to be run before it is taken for one that kills its workers.
    max_deliveries: int = 5
    #: A message with a body of more bytes is not run but rejected; 0: there is no limit.
    largest_message: int = 32 * 1024 * 1024
    #: A worker that has not renewed its lease for this long is taken for dead.
    lease: int = 10_000
    #: How long dead letters are kept.
    dead_letter_ttl: int = 30 * _DAY
    #: How long counts of endings, and what tasks failed with, are kept; 0: nothing is counted.
    statistics_ttl: int = 3 * _DAY
    #: About how many events the stream keeps.
    events_kept: int = 10_000
