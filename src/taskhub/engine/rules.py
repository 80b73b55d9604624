"""Limits and times that every engine keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from taskhub import states
from taskhub.exceptions import WorkerLostError
from taskhub.serialization.result_meta import encode_meta

_DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, kw_only=True)
class EngineRules:
    """What an engine must know of the configuration; times in milliseconds."""

    #: Begins all keys but those of results; applications with different names share a server without meeting.
    namespace: str = "taskhub"
    #: How often a message is handed out before it is taken for one that kills its workers.
    max_deliveries: int = 5
    #: A worker that has not renewed its lease for this long is taken for dead.
    lease: int = 10_000
    #: How long results of lost tasks are kept; None: for ever.
    result_ttl: int | None = _DAY
    #: How long dead letters are kept.
    dead_letter_ttl: int = 30 * _DAY

    def lost_reason(self) -> str:
        """Return the reason that the dead letter of a lost task names."""
        return json.dumps(
            {
                "reason": "WorkerLostError",
                "detail": f"delivered {self.max_deliveries} times, and its worker died each time",
            }
        )

    def lost_document(self) -> tuple[str, str]:
        """Return the result document of a lost task, cut where its id belongs."""
        marker = "task id"
        document = encode_meta(
            task_id=marker,
            status=states.FAILURE,
            result=WorkerLostError("the worker that ran this task was lost"),
            date_done=datetime.now(UTC).isoformat(),
        )
        before, _, after = document.rpartition(marker)
        return before, after
