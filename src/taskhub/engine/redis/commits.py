"""Calls of the scripts that commit outcomes, and their replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.arguments import claimed_from, commit_arguments, lone_arguments
from taskhub.engine.redis.store_connection import script_call

#: From so many values of the list of outcomes on, these are indexed (`lua/outcomes.lua`).
MANY_LISTED: Final = 250


class Committed(NamedTuple):
    """What the store says of a commit."""

    #: For each completion whether it was written.
    flags: list[bool]
    #: What the server said of optional writes that it refused.
    refused: list[bytes]
    #: Whether many outcomes wait to be indexed.
    should_index: bool = False


class CommitCall(NamedTuple):
    """A call that commits."""

    command: tuple[Any, ...]
    size: int
    is_lone: bool

    def read(self, reply: list[Any]) -> Committed:
        """Return what the reply of the script says."""
        if self.is_lone:
            flag, listed, *refused = reply
            return Committed([flag == 1], refused, listed >= MANY_LISTED)
        return Committed([flag == 1 for flag in reply[: self.size]], reply[self.size :])


def commit_call(
    namespace: str,
    head: tuple[str, str, str],
    completions: Sequence[Completion],
    queues: Sequence[str],
    rules: EngineRules,
    *,
    with_documents: bool,
) -> CommitCall:
    """Return the call that commits completions.

    Args:
        namespace: Begins all keys.
        head: The present in ms or "", the worker, and where results are stored.
        completions: What is committed.
        queues: The queues from which the same round trip claims.
        rules: What is kept of them.
        with_documents: Whether result documents are stored on the same server.
    """
    if len(completions) == 1:
        lone = lone_arguments(completions[0], rules, with_documents=with_documents)
        if lone is not None:
            return CommitCall(script_call("commit_one", namespace, (*head, *lone)), 1, True)
    arguments = (
        *(*head, rules.statistics_ttl, rules.events_kept, claimed_from(queues)),
        *(rules.dead_letter_ttl, rules.history_limit, rules.failed_limit, rules.failed_max_bytes),
        *commit_arguments(completions, rules, with_documents=with_documents),
    )
    command = script_call("commit", namespace, arguments)
    return CommitCall(command, len(completions), False)
