"""Walks over a result and all that its task called."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from taskhub.exceptions import IncompleteStream

if TYPE_CHECKING:
    from taskhub.result.base import ResultBase
    from taskhub.result.graph import DependencyGraph, GraphFormatter


def iterate(
    root: ResultBase, *, intermediate: bool
) -> Iterator[tuple[ResultBase | None, ResultBase]]:
    """Yield (parent, result), breadth first; `intermediate` passes over what has not ended.

    Raises:
        IncompleteStream: Something has not ended, and `intermediate` is False.
    """
    waiting: deque[tuple[ResultBase | None, ResultBase]] = deque([(None, root)])
    while waiting:
        parent, node = waiting.popleft()
        yield parent, node
        if node.ready():
            waiting.extend((node, child) for child in node.children or ())
        elif not intermediate:
            raise IncompleteStream(f"{node!r} has not ended, so what it called is not known yet.")


def build(
    root: ResultBase, *, intermediate: bool, formatter: GraphFormatter | None
) -> DependencyGraph:
    """Return the results as a graph, from `root` down."""
    from taskhub.result.graph import DependencyGraph, GraphFormatter

    graph = DependencyGraph(formatter or GraphFormatter(root=str(root), shape="oval"))
    for parent, node in iterate(root, intermediate=intermediate):
        graph.add_arc(node)
        if parent is not None:
            graph.add_edge(parent, node)
    return graph
