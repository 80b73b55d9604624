"""Things that depend on each other (as `celery.utils.graph`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError as _CycleError
from graphlib import TopologicalSorter
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = ("CycleError", "DependencyGraph")


class CycleError(Exception):
    """Things depend on each other in a circle."""


class DependencyGraph:
    """Which things depend on which, and in what order they come.

    Args:
        it: Pairs of a thing and what it depends on.
        formatter: Accepted as Celery's, without effect.
    """

    def __init__(self, it: Iterable[tuple[Any, Any]] | None = None, formatter: Any = None) -> None:
        self.adjacent: dict[Any, list[Any]] = {}
        for obj, dependencies in it or ():
            self.add_arc(obj)
            for dependency in dependencies:
                self.add_edge(obj, dependency)

    def add_arc(self, obj: Any) -> None:
        """Add a thing."""
        self.adjacent.setdefault(obj, [])

    def add_edge(self, A: Any, B: Any) -> None:
        """Let A depend on B."""
        self.add_arc(A)
        self.add_arc(B)
        self.adjacent[A].append(B)

    def topsort(self) -> list[Any]:
        """Return the things in an order in which each comes behind what it depends on.

        Raises:
            CycleError: There is none.
        """
        try:
            return list(TopologicalSorter(self.adjacent).static_order())
        except _CycleError as error:
            raise CycleError(*error.args) from None

    def valency_of(self, obj: Any) -> int:
        """Return how many things a thing depends on, itself counted."""
        found = [1, *(self.valency_of(one) for one in self.adjacent.get(obj, ()))]
        return sum(found)

    def edges(self) -> list[Any]:
        """Return the things that depend on others."""
        return [obj for obj, others in self.adjacent.items() if others]

    def items(self) -> Iterator[tuple[Any, list[Any]]]:
        """Return each thing with what it depends on."""
        return iter(self.adjacent.items())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.adjacent)

    def __len__(self) -> int:
        return len(self.adjacent)

    def __contains__(self, obj: object) -> bool:
        return obj in self.adjacent

    def __getitem__(self, node: Any) -> list[Any]:
        return self.adjacent[node]


__getattr__ = unsupported_getattr(__name__)
