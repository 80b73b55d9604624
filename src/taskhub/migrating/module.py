"""A Python module as it is read: what its names stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from taskhub.migrating.reading import Source

__all__ = ("APP", "APP_CLASSES", "FOREIGN", "Module", "link", "literal", "parse", "walk_functions")

#: Packages whose names are followed.
FOREIGN: Final = frozenset(
    {"celery", "kombu", "billiard", "amqp", "vine", "importlib", "os", "sys"}
)
#: What stands for an app in resolved names.
APP: Final = "<app>"

#: Celery's app, by its paths.
APP_CLASSES: Final = frozenset({"celery.Celery", "celery.app.Celery", "celery.app.base.Celery"})
_CURRENT_APP: Final = frozenset(
    {"celery.current_app", "celery._state.current_app", "celery.app.default_app"}
)
_APP_FUNCTIONS: Final = frozenset(
    {
        "celery.app.app_or_default",
        "celery._state.get_current_app",
        "celery.current_app._get_current_object",
    }
)


@dataclass(slots=True)
class Module:
    """One parsed module."""

    path: str
    tree: ast.Module
    #: Dotted name below the directory that is checked.
    name: str
    #: Local name -> dotted path of what was imported under it.
    aliases: dict[str, str] = field(default_factory=dict)
    #: Texts of expressions that hold an app (`app`, `self.app`).
    apps: set[str] = field(default_factory=set)
    #: Dotted names of modules of which everything was imported.
    stars: list[tuple[str, int]] = field(default_factory=list)

    def resolve(self, node: ast.expr) -> str | None:
        """Return the dotted path that an expression stands for: `celery.result.AsyncResult`, `<app>.conf`; None: it
        is none that is followed.
        """
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in self.apps:
            return APP
        if isinstance(node, ast.Name):
            found = self.aliases.get(node.id)
            return None if found is None else _as_app(found)
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            return None if base is None else _as_app(f"{base}.{node.attr}")
        if isinstance(node, ast.Call) and self.makes_app(node):
            return APP
        return None

    def makes_app(self, node: ast.expr) -> bool:
        """Whether an expression makes an app, or returns the current one."""
        if not isinstance(node, ast.Call):
            return False
        function = self.resolve(node.func)
        return function in APP_CLASSES or function in _APP_FUNCTIONS

    def uses(self, package: str) -> bool:
        """Whether a package, or a part of it, is imported."""
        return any(_root(path) == package for path in self.aliases.values()) or any(
            _root(path) == package for path, _ in self.stars
        )

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the dotted name of the module that is imported from."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        is_package = self.path.endswith("__init__.py")
        parts = parts[: len(parts) - node.level + (1 if is_package else 0)]
        return ".".join([*parts, *([node.module] if node.module else [])])


def parse(source: Source) -> Module:
    """Read a module.

    Raises:
      SyntaxError: it is not Python, or not that of this version.
      ValueError: it has characters that no source may have.
    """
    tree = ast.parse(source.text, source.path)
    name = re.sub(r"(/__init__)?\.pyi?w?$", "", source.path).replace("/", ".")
    module = Module(source.path, tree, name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    module.aliases[alias.asname] = alias.name
                else:
                    module.aliases[_root(alias.name)] = _root(alias.name)
        elif isinstance(node, ast.ImportFrom):
            origin = module.absolute(node)
            for alias in node.names:
                if alias.name == "*":
                    module.stars.append((origin, node.lineno))
                else:
                    module.aliases[alias.asname or alias.name] = f"{origin}.{alias.name}"
    _find_apps(module)
    return module


def link(modules: Mapping[str, Module]) -> None:
    """Tell each module which of the names that it imports from others are apps."""
    changed = True
    # An app may come through several modules, e.g. a package that passes it on.
    while changed:
        changed = False
        for module in modules.values():
            for local, path in module.aliases.items():
                origin, _, name = path.rpartition(".")
                if not origin or local in module.apps or _root(path) in FOREIGN:
                    continue
                if any(
                    name in other.apps and _ends_with(other.name, origin)
                    for other in modules.values()
                ):
                    module.apps.add(local)
                    changed = True


def literal(node: ast.expr | None) -> object:
    """Return the value of a literal; `...` if it is none."""
    if node is None:
        return ...
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ...


def _find_apps(module: Module) -> None:
    for node in ast.walk(module.tree):
        targets: list[ast.expr]
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = [node.target]
        else:
            continue
        if node.value is None or not module.makes_app(node.value):
            continue
        for target in targets:
            if isinstance(target, ast.Name | ast.Attribute):
                module.apps.add(ast.unparse(target))


def _as_app(path: str) -> str:
    if path in _CURRENT_APP:
        return APP
    return path


def _ends_with(name: str, origin: str) -> bool:
    return name == origin or name.endswith(f".{origin}") or origin.endswith(f".{name}")


def _root(path: str) -> str:
    return path.partition(".")[0]


def walk_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
