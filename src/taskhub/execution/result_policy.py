"""What a task's configuration says about its results."""

from __future__ import annotations

from typing import NamedTuple

from taskhub.execution.request import Context
from taskhub.serialization.result_meta import DEFAULT_MAX_SIZE


class ResultPolicy(NamedTuple):
    """What a task's configuration says about its results."""

    #: Results are not stored.
    ignore_result: bool = False
    #: Failures are stored even if results are not.
    store_errors_even_if_ignored: bool = False
    #: How long results are kept, milliseconds; None: forever.
    ttl: int | None = 24 * 60 * 60 * 1000
    #: The same for failures.
    failure_ttl: int | None = 24 * 60 * 60 * 1000
    #: Name, arguments, worker, retries and queue are stored, too.
    extended: bool = False
    #: How many bytes a document may have; 0: any number.
    max_size: int = DEFAULT_MAX_SIZE

    def ignores(self, request: Context) -> bool:
        """Return whether this call's result is not stored: the call decides before the task."""
        wish = request.ignore_result
        return self.ignore_result if wish is None else bool(wish)


#: The policy when a message belongs to no task that is known here.
DEFAULT_POLICY = ResultPolicy()
