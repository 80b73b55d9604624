"""No files import each other in a circle when they run, nor behind imports within functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[2] / "src"

#: The command line loads what a command needs when that command runs.
LOADED_BY_COMMANDS = ("taskhub.cli",)


class Import(NamedTuple):
    """One module of ours that a file imports."""

    module: str
    #: Whether it is imported when a function is called.
    is_lazy: bool


def _is_for_annotations(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _statements(
    body: Iterable[ast.AST], is_lazy: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield the imports of a module that are executed, and whether a function executes them."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, is_lazy
        elif isinstance(node, ast.If) and _is_for_annotations(node.test):
            yield from _statements(node.orelse, is_lazy)
        else:
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _statements(ast.iter_child_nodes(node), is_lazy or is_function)


def imports_of(source: str, modules: Mapping[str, object]) -> Iterator[Import]:
    """Yield which of the given modules a file imports; annotations' imports are left out."""
    for node, is_lazy in _statements(ast.parse(source).body, is_lazy=False):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name if name in modules else str(node.module) for name in names]
        else:
            found = [alias.name for alias in node.names]
        yield from (Import(name, is_lazy) for name in found if name in modules)


def read_graph(package: str, *, lazy: bool) -> dict[str, set[str]]:
    """Return which modules each module of a package imports, the packages that hold them included.

    Args:
        package: The package.
        lazy: Whether imports within functions count.
    """
    paths: dict[str, Path] = {}
    for path in (SOURCE / package).rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        graph[module] = set()
        for one in imports_of(path.read_text("utf-8"), paths):
            if one.is_lazy and not lazy:
                continue
            parts = one.module.split(".")
            executed = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
            # The packages around a module have begun to be imported before it.
            graph[module] |= {name for name in executed if not f"{module}.".startswith(f"{name}.")}
    return graph


def find_cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return modules of which each imports the next, and the last the first; empty: none do."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]
    return []


def test_no_files_import_each_other_when_they_are_loaded() -> None:
    assert find_cycle(read_graph("taskhub", lazy=False)) == []


def test_no_import_within_a_function_hides_a_cycle() -> None:
    graph = read_graph("taskhub", lazy=True)
    library = {
        module: imports
        for module, imports in graph.items()
        if not f"{module}.".startswith(tuple(f"{name}." for name in LOADED_BY_COMMANDS))
    }
    assert find_cycle(library) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b", [("a.b", False)]),
        ("from a import b, C", [("a.b", False), ("a", False)]),
        ("def f():\n    from a.b import C", [("a.b", True)]),
        ("class K:\n    def f(self):\n        import a.b", [("a.b", True)]),
        ("try:\n    import a.b\nexcept ImportError:\n    pass", [("a.b", False)]),
        ("if TYPE_CHECKING:\n    import a.b\nelse:\n    import a", [("a", False)]),
        ("import os", []),
    ],
)
def test_imports_are_read(source: str, expected: list[tuple[str, bool]]) -> None:
    assert list(imports_of(source, {"a": None, "a.b": None})) == expected


def test_a_cycle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    cycle = find_cycle(graph)
    assert len(cycle) == 4
    assert all(below in graph[above] for above, below in pairwise(cycle))
