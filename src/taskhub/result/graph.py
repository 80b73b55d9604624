"""The graph of results and what they called (as `celery.utils.graph`)."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator
from graphlib import TopologicalSorter
from typing import IO, Any

#: How nodes and edges look, in the words of Graphviz.
SCHEME = {"shape": "box", "arrowhead": "vee", "style": "filled", "fontname": "HelveticaNeue"}
EDGE_SCHEME = {"color": "darkseagreen4", "arrowcolor": "black", "arrowsize": 0.7}
NODE_SCHEME = {"fillcolor": "palegreen3", "color": "palegreen4"}
LEAF_SCHEME = {"fillcolor": "palegreen1", "color": "palegreen2"}
GRAPH_SCHEME = {"bgcolor": "mintcream"}


class GraphFormatter:
    """Writes a graph in the DOT language.

    Args:
        root: The name of the graph's root.
        type: "digraph", or "graph" for one without directions.
        id: The graph's name.
        indent: Depth of indentation.
        inw: One step of indentation.
        scheme: Attributes of all nodes and edges, on top of `SCHEME`.
    """

    def __init__(
        self,
        root: Any = None,
        type: str = "digraph",
        id: str = "dependencies",
        indent: int = 0,
        inw: str = " " * 4,
        **scheme: Any,
    ) -> None:
        self.root = root
        self.type = type
        self.id = id
        self.direction = {"graph": "--", "digraph": "->"}[type]
        self.scheme = {**SCHEME, **scheme}
        self._outside = inw * indent
        self._inside = self._outside + inw

    def label(self, node: Any) -> Any:
        """Return what a node is called."""
        return node

    def head(self) -> str:
        """Return the lines that open the graph."""
        attributes = self._attributes(
            {**self.scheme, **GRAPH_SCHEME, "root": self.label(self.root)}
        )
        return f"{self._outside}{self.type} {self.id} {{\n{self._inside}graph [{attributes}]"

    def tail(self) -> str:
        """Return the line that closes the graph."""
        return f"{self._outside}}}"

    def node(self, node: Any) -> str:
        """Return the line of a node that has others below it."""
        return self._node(node, NODE_SCHEME)

    def terminal_node(self, node: Any) -> str:
        """Return the line of a node that has none below it."""
        return self._node(node, LEAF_SCHEME)

    def edge(self, above: Any, below: Any) -> str:
        """Return the line of an edge."""
        attributes = self._attributes({**self.scheme, **EDGE_SCHEME})
        ends = f'"{self.label(above)}" {self.direction} "{self.label(below)}"'
        return f"{self._inside}{ends} [{attributes}]"

    def _node(self, node: Any, scheme: dict[str, str]) -> str:
        return f'{self._inside}"{self.label(node)}" [{self._attributes({**self.scheme, **scheme})}]'

    @staticmethod
    def _attributes(values: dict[str, Any]) -> str:
        return ", ".join(f'{name}="{value}"' for name, value in values.items())


class DependencyGraph:
    """Nodes and, for each, those that it depends on."""

    def __init__(self, formatter: GraphFormatter | None = None) -> None:
        self.formatter = formatter or GraphFormatter()
        self.adjacent: dict[Any, list[Any]] = {}

    def add_arc(self, obj: Any) -> None:
        """Add a node."""
        self.adjacent.setdefault(obj, [])

    def add_edge(self, above: Any, below: Any) -> None:
        """Let the node `above` depend on `below`."""
        self.adjacent[above].append(below)

    def connect(self, graph: DependencyGraph) -> None:
        """Add the nodes of another graph."""
        self.adjacent.update(graph.adjacent)

    def topsort(self) -> list[Any]:
        """Return the nodes, each after those that it depends on.

        Raises:
            graphlib.CycleError: A node depends on itself.
        """
        return list(TopologicalSorter(self.adjacent).static_order())

    def edges(self) -> Iterator[Any]:
        """Yield the nodes that depend on others."""
        return (node for node, below in self.adjacent.items() if below)

    def valency_of(self, obj: Any) -> int:
        """Return the number of edges at and below a node."""
        below = self.adjacent.get(obj)
        if below is None:
            return 0
        return len(below) + sum(self.valency_of(node) for node in below)

    def to_dot(self, fh: IO[str], formatter: GraphFormatter | None = None) -> None:
        """Write the graph in the DOT language."""
        draw = formatter or self.formatter
        seen: set[Any] = set()
        lines = [draw.head()]
        for node, below in self.adjacent.items():
            if draw.label(node) not in seen:
                seen.add(draw.label(node))
                lines.append(draw.node(node) if below else draw.terminal_node(node))
            lines.extend(draw.edge(node, other) for other in below)
        lines.append(draw.tail())
        fh.write("\n".join(lines) + "\n")

    def items(self) -> ItemsView[Any, list[Any]]:
        """Return (node, those that it depends on)."""
        return self.adjacent.items()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.adjacent)

    def __getitem__(self, node: Any) -> list[Any]:
        return self.adjacent[node]

    def __len__(self) -> int:
        return len(self.adjacent)

    def __contains__(self, node: object) -> bool:
        return node in self.adjacent

    def __repr__(self) -> str:
        return "\n".join(self._describe(node) for node in self.adjacent)

    def _describe(self, node: Any, level: int = 0) -> str:
        lines = ["     " * level + f"{node}({self.valency_of(node)})"]
        lines += [self._describe(below, level + 1) for below in self.adjacent.get(node, ())]
        return "\n".join(lines)
