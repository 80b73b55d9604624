"""Aggregation of replies to a broadcast: one reply of each worker, from those of its processes.

Celery's workers answer as one process. Ours are several with one name, each of which answers for
itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from taskhub.worker.control.messages import Answer
from taskhub.worker.leases.worker_info import WorkerInfo

#: What processes reply that have not ended anything; another's reply that has says more.
_NOTHING_ENDED = ("terminate: tasks unknown", "were not terminated")


def merge(method: str, replies: Sequence[Any]) -> Any:
    """Return one reply for those of one worker's processes; there is at least one."""
    if len(replies) == 1:
        return replies[0]
    failed = [reply for reply in replies if isinstance(reply, dict) and set(reply) == {"error"}]
    if failed:
        # What one of them could not do has not been done.
        return failed[0]
    return _RULES.get(method, together)(replies)


def together(replies: Sequence[Any]) -> Any:
    """Return replies as one of the same shape: the rule for commands that have none of their own.

    Equal ones are one. Lists follow each other, dictionaries are merged key by key, texts are
    joined by "; "; of other values the first one counts.
    """
    given = [reply for reply in replies if reply is not None]
    if not given:
        return None
    first = given[0]
    if all(reply == first for reply in given):
        return first
    if all(isinstance(reply, dict) for reply in given):
        return {
            key: together([reply[key] for reply in given if key in reply])
            for key in dict.fromkeys(key for reply in given for key in reply)
        }
    if all(isinstance(reply, list) for reply in given):
        return one_after_another(given)
    if all(isinstance(reply, str) for reply in given):
        return "; ".join(dict.fromkeys(given))
    return first


def one_after_another(replies: Sequence[Any]) -> list[Any]:
    """Return lists as one: each process reports other things."""
    return [item for reply in replies for item in reply]


def each_once(replies: Sequence[Any]) -> list[Any]:
    """Return lists as one without repetitions: the processes report the same things."""
    found: list[Any] = []
    for item in one_after_another(replies):
        if item not in found:
            found.append(item)
    return found


def each_id_once(replies: Sequence[Any]) -> list[Any]:
    """Return lists of texts, of which there may be many, as one without repetitions."""
    return list(dict.fromkeys(one_after_another(replies)))


def first(replies: Sequence[Any]) -> Any:
    """Return the first reply: all are the same."""
    return replies[0]


def latest(replies: Sequence[Any]) -> Any:
    """Return the reply whose logical clock is ahead; None if all are None."""
    given = [reply for reply in replies if reply is not None]
    return max(given, key=lambda reply: reply["clock"], default=None)


def _ended(replies: Sequence[Any]) -> Any:
    """Return what was ended, if any process has ended something."""
    effective = [reply for reply in replies if not str(reply.get("ok")).endswith(_NOTHING_ENDED)]
    return together(effective or replies[:1])


def statistics(replies: Sequence[Any]) -> dict[str, Any]:
    """Return the statistics of a worker: what its processes have done is added up."""
    merged = dict(replies[0])
    merged["total"] = _sums([reply["total"] for reply in replies])
    merged["uptime"] = max(reply["uptime"] for reply in replies)
    merged["clock"] = max((reply["clock"] for reply in replies), key=int)
    merged["prefetch_count"] = sum(reply["prefetch_count"] for reply in replies)
    merged["rusage"] = _sums([reply["rusage"] for reply in replies])
    pools = [reply["pool"] for reply in replies]
    merged["pool"] = {
        **pools[0],
        "max-concurrency": sum(pool["max-concurrency"] for pool in pools),
        "processes": one_after_another([pool["processes"] for pool in pools]),
        "threads": {name: count for pool in pools for name, count in pool["threads"].items()},
    }
    return merged


def _sums(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in tables:
        for name, number in table.items():
            found[name] = found.get(name, 0) + number
    return found


_RULES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "active": one_after_another,
    "dump_active": one_after_another,
    "processes": one_after_another,
    "reserved": one_after_another,
    "dump_reserved": one_after_another,
    "scheduled": one_after_another,
    "dump_schedule": one_after_another,
    "registered": each_id_once,
    "dump_tasks": each_id_once,
    "revoked": each_id_once,
    "dump_revoked": each_id_once,
    "active_queues": each_once,
    "stats": statistics,
    "clock": latest,
    "hello": latest,
    "conf": first,
    "dump_conf": first,
    "report": first,
    "revoke": first,
    "terminate": _ended,
    "revoke_by_stamped_headers": _ended,
}


def rule_for(method: str, arguments: dict[str, Any]) -> str:
    """Return the command by whose rule replies are merged; `revoke` may reply as `terminate`."""
    return "terminate" if method == "revoke" and arguments.get("terminate") else method


class ReplyAggregator:
    """Merges the answers of processes into replies of nodes, as soon as a node's are complete.

    Args:
        rule: The command by whose rule the answers of one node are merged.
        expected: The processes that are expected to answer, by worker.
    """

    def __init__(self, rule: str, expected: Mapping[str, WorkerInfo]) -> None:
        self._rule = rule
        self._missing: dict[str, set[str]] = defaultdict(set)
        for worker, worker_info in expected.items():
            self._missing[worker_info.node].add(worker)
        self._answers: dict[str, dict[str, Answer]] = defaultdict(dict)
        self._returned: list[str] = []

    def add(self, answer: Answer) -> list[dict[str, Any]]:
        """Add an answer; returns the replies that are complete with it, `[{node: reply}]`."""
        self._answers[answer.node][answer.worker] = answer
        self._missing[answer.node].discard(answer.worker)
        return self._reply_of(answer.node) if not self._missing[answer.node] else []

    def forget(self, gone: Collection[str]) -> list[dict[str, Any]]:
        """Stop expecting processes; returns the replies that are complete without them."""
        for missing in self._missing.values():
            missing.difference_update(gone)
        complete = [node for node in list(self._answers) if not self._missing[node]]
        return [reply for node in complete for reply in self._reply_of(node)]

    @property
    def missing(self) -> set[str]:
        """The processes that have not answered."""
        return set().union(*self._missing.values())

    def incomplete(self) -> list[dict[str, Any]]:
        """Return the replies of the nodes of which some processes have not answered."""
        return [reply for node in list(self._answers) for reply in self._reply_of(node)]

    def _reply_of(self, node: str) -> list[dict[str, Any]]:
        if node in self._returned:
            return []
        self._returned.append(node)
        answers = self._answers[node]
        values = [answers[worker].value for worker in sorted(answers)]
        return [{node: merge(self._rule, values)}]

    @property
    def is_complete(self) -> bool:
        """Whether all processes that were expected have answered."""
        return not any(self._missing.values())

    @property
    def nodes(self) -> int:
        """The number of nodes whose reply was returned."""
        return len(self._returned)

    @property
    def shared_names(self) -> list[str]:
        """The nodes under whose name several workers have answered."""
        return sorted(
            node
            for node, answers in self._answers.items()
            if len({answer.group for answer in answers.values()}) > 1
        )
