"""The states that a task goes through, and their order of precedence (as `celery.states`).

A state is a plain string, so that a task can report one of its own, such as "PROGRESS".
"""

from __future__ import annotations

from typing import Final

__all__ = (
    "ALL_STATES",
    "EXCEPTION_STATES",
    "FAILURE",
    "IGNORED",
    "PENDING",
    "PRECEDENCE",
    "PROPAGATE_STATES",
    "READY_STATES",
    "RECEIVED",
    "REJECTED",
    "RETRY",
    "REVOKED",
    "STARTED",
    "SUCCESS",
    "UNREADY_STATES",
    "precedence",
    "state",
)

#: Nothing is known of the task: it waits, or its id was never used.
PENDING: Final = "PENDING"
#: A worker holds the task and has not begun it.
RECEIVED: Final = "RECEIVED"
#: The task runs; stored only with `task_track_started`.
STARTED: Final = "STARTED"
#: The task returned; its return value is the result.
SUCCESS: Final = "SUCCESS"
#: The task raised; the exception is the result.
FAILURE: Final = "FAILURE"
#: The task was revoked, or expired, before it ended.
REVOKED: Final = "REVOKED"
#: The task raised `Reject`; appears in events, not in stored results.
REJECTED: Final = "REJECTED"
#: The task will run again; the exception that caused it is the result.
RETRY: Final = "RETRY"
#: The task raised `Ignore`; its stored state was left alone.
IGNORED: Final = "IGNORED"

#: The task has ended: there is a result to get.
READY_STATES: Final = frozenset({SUCCESS, FAILURE, REVOKED})
#: The task has yet to end.
UNREADY_STATES: Final = frozenset({PENDING, RECEIVED, STARTED, REJECTED, RETRY})
#: The stored result is an exception.
EXCEPTION_STATES: Final = frozenset({RETRY, FAILURE, REVOKED})
#: `result.get()` raises the stored exception.
PROPAGATE_STATES: Final = frozenset({FAILURE, REVOKED})
#: Every state that a stored result of the library's own can have.
ALL_STATES: Final = frozenset({PENDING, RECEIVED, STARTED, SUCCESS, FAILURE, RETRY, REVOKED})

#: States from the strongest to the weakest; `None` stands for every state that is not ours.
PRECEDENCE: Final[list[str | None]] = [
    SUCCESS,
    FAILURE,
    None,
    REVOKED,
    STARTED,
    RECEIVED,
    REJECTED,
    RETRY,
    PENDING,
]
PRECEDENCE_LOOKUP: Final = {name: index for index, name in enumerate(PRECEDENCE)}
NONE_PRECEDENCE: Final = PRECEDENCE_LOOKUP[None]


def precedence(state: str | None) -> int:
    """Return the rank of a state, 0 the strongest; unknown states share the one below FAILURE."""
    return PRECEDENCE_LOOKUP.get(state, NONE_PRECEDENCE)


class state(str):  # noqa: N801 - Celery's name
    """A state that compares by precedence: `state("PENDING") < state("SUCCESS")`.

    Custom states stand above all of ours but SUCCESS and FAILURE. Equality and hash are those of
    the string.
    """

    __slots__ = ()

    def __gt__(self, other: str) -> bool:
        return precedence(self) < precedence(other)

    def __ge__(self, other: str) -> bool:
        return precedence(self) <= precedence(other)

    def __lt__(self, other: str) -> bool:
        return precedence(self) > precedence(other)

    def __le__(self, other: str) -> bool:
        return precedence(self) >= precedence(other)
