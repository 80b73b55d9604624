"""Walks over a result and all that its task called."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taskhub.exceptions import IncompleteStream
from taskhub.result.base import ResultBase, ancestors

if TYPE_CHECKING:
    from taskhub.result.graph import DependencyGraph, GraphFormatter


class ResultTree(ResultBase):
    """A result as the root of its children and theirs, and as the end of a chain of parents."""

    def iterdeps(
        self, intermediate: bool = False
    ) -> Iterator[tuple[ResultBase | None, ResultBase]]:
        """Yield (parent, result) for this result and all below it, breadth first.

        Args:
            intermediate: Pass over what has not ended.

        Raises:
            IncompleteStream: Something has not ended.
        """
        waiting: deque[tuple[ResultBase | None, ResultBase]] = deque([(None, self)])
        while waiting:
            parent, node = waiting.popleft()
            yield parent, node
            if node.ready():
                waiting.extend((node, child) for child in node.children or ())
            elif not intermediate:
                raise IncompleteStream(
                    f"{node!r} has not ended, so what it called is not known yet."
                )

    def collect(
        self, intermediate: bool = False, **kwargs: Any
    ) -> Iterator[tuple[ResultBase, Any]]:
        """Yield (result, value) for this result and all below it, waiting for each.

        `kwargs` go to `get`.
        """
        for _, node in self.iterdeps(intermediate=intermediate):
            yield node, node.get(**kwargs)

    def get_leaf(self) -> Any:
        """Return the value of the last result below this one, or its own."""
        value = None
        for _, node in self.iterdeps():
            value = node.get()
        return value

    def build_graph(
        self, intermediate: bool = False, formatter: GraphFormatter | None = None
    ) -> DependencyGraph:
        """Return the tree of results as a graph.

        Args:
            intermediate: Pass over what has not ended.
            formatter: Draws it; None: as Celery.

        Raises:
            IncompleteStream: Something has not ended.
        """
        from taskhub.result.graph import DependencyGraph, GraphFormatter

        graph = DependencyGraph(formatter or GraphFormatter(root=str(self), shape="oval"))
        for parent, node in self.iterdeps(intermediate=intermediate):
            graph.add_arc(node)
            if parent is not None:
                graph.add_edge(parent, node)
        return graph

    @cached_property
    def graph(self) -> DependencyGraph:
        """The tree of results, all of which have ended."""
        return self.build_graph()

    @property
    def root(self) -> ResultBase:
        """The first result of the chain."""
        chain = ancestors([self])
        return chain[0] if chain else self

    def as_list(self) -> list[str]:
        """Return the ids of this result and of its parents, the last of the chain first."""
        return [str(self), *map(str, reversed(ancestors([self])))]
