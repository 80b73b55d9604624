"""The answers to one command, until every worker process that is there has answered: pure bookkeeping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from taskhub.control.merging import merge
from taskhub.worker.card import Card
from taskhub.worker.commands.letter import Answer


class Gathering:
    """Turns answers of processes into replies of nodes.

    Parameters:
      rule: under which command's rule the answers of one node are merged.
      expected: the processes that are asked, by worker.
    """

    def __init__(self, rule: str, expected: Mapping[str, Card]) -> None:
        self._rule = rule
        self._missing: dict[str, set[str]] = defaultdict(set)
        for worker, card in expected.items():
            self._missing[card.node].add(worker)
        self._answers: dict[str, dict[str, Answer]] = defaultdict(dict)
        self._told: list[str] = []

    def take(self, answer: Answer) -> list[dict[str, Any]]:
        """Take an answer in; returns the replies that are complete with it: `[{node: reply}]` or nothing."""
        self._answers[answer.node][answer.worker] = answer
        self._missing[answer.node].discard(answer.worker)
        return self._tell(answer.node) if not self._missing[answer.node] else []

    def forget(self, gone: Collection[str]) -> list[dict[str, Any]]:
        """Wait no longer for these processes; returns the replies that are complete without them."""
        for missing in self._missing.values():
            missing.difference_update(gone)
        complete = [node for node in list(self._answers) if not self._missing[node]]
        return [reply for node in complete for reply in self._tell(node)]

    @property
    def missing(self) -> set[str]:
        """The processes that have not answered."""
        return set().union(*self._missing.values())

    def rest(self) -> list[dict[str, Any]]:
        """Return the replies of the nodes of which some processes have not answered."""
        return [reply for node in list(self._answers) for reply in self._tell(node)]

    def _tell(self, node: str) -> list[dict[str, Any]]:
        if node in self._told:
            return []
        self._told.append(node)
        answers = self._answers[node]
        values = [answers[worker].value for worker in sorted(answers)]
        return [{node: merge(self._rule, values)}]

    @property
    def is_complete(self) -> bool:
        """Whether all that were asked have answered."""
        return not any(self._missing.values())

    @property
    def nodes(self) -> int:
        """How many nodes have been told of."""
        return len(self._told)

    @property
    def shared_names(self) -> list[str]:
        """The nodes under whose name several workers have answered."""
        return sorted(
            node
            for node, answers in self._answers.items()
            if len({answer.group for answer in answers.values()}) > 1
        )
