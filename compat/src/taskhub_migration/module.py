"""A Python module as it is read: what its names stand for."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from taskhub_migration.source_files import Source

__all__ = (
    "APP",
    "APP_CLASSES",
    "FOREIGN",
    "Module",
    "dotted",
    "is_named",
    "link",
    "literal",
    "module_name",
    "parse",
)

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
    #: The nodes of the tree by their kinds, in the order of a walk.
    index: Mapping[type[ast.AST], list[Any]] = field(default_factory=dict)
    #: Local name -> dotted path of what was imported under it.
    aliases: dict[str, str] = field(default_factory=dict)
    #: Texts of expressions that hold an app (`app`, `self.app`).
    apps: set[str] = field(default_factory=set)
    #: Dotted names of modules of which everything was imported.
    stars: list[tuple[str, int]] = field(default_factory=list)

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """Yield the nodes of some kinds."""
        for kind in kinds:
            yield from self.index.get(kind, ())

    def resolve(self, node: ast.expr) -> str | None:
        """Return the dotted path that an expression stands for, or None if it is not followed.

        Examples are `celery.result.AsyncResult` and `<app>.conf`.
        """
        if isinstance(node, ast.Name | ast.Attribute) and self.apps and dotted(node) in self.apps:
            return APP
        if isinstance(node, ast.Name):
            found = self.aliases.get(node.id)
            return None if found is None else _as_app(found)
        if isinstance(node, ast.Attribute):
            if not self._may_be_known(node):
                return None
            base = self.resolve(node.value)
            return None if base is None else _as_app(f"{base}.{node.attr}")
        if isinstance(node, ast.Call) and self.makes_app(node):
            return APP
        return None

    def _may_be_known(self, node: ast.expr) -> bool:
        """Whether what an expression begins with is one of the names that are followed; quickly."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            return isinstance(node, ast.Call)
        return node.id in self.aliases or any(app.startswith(node.id) for app in self.apps)

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
    name = module_name(source.path)
    index: defaultdict[type[ast.AST], list[Any]] = defaultdict(list)
    for walked in ast.walk(tree):
        index[type(walked)].append(walked)
    module = Module(source.path, tree, name, index)
    for node in module.nodes(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    module.aliases[alias.asname] = alias.name
                else:
                    module.aliases[_root(alias.name)] = _root(alias.name)
        else:
            origin = module.absolute(node)
            for alias in node.names:
                if alias.name == "*":
                    module.stars.append((origin, node.lineno))
                else:
                    module.aliases[alias.asname or alias.name] = f"{origin}.{alias.name}"
    _find_apps(module)
    return module


def module_name(path: str) -> str:
    """Return the dotted name of the module in a file."""
    return re.sub(r"(/__init__)?\.pyi?w?$", "", path).replace("/", ".")


def is_named(module: str, name: str) -> bool:
    """Return whether a module of the checked directory is the one imported as `name`."""
    return module == name or module.endswith(f".{name}")


def link(modules: Mapping[str, Module]) -> None:
    """Pass each module which of the names that it imports from others are apps."""
    providers = [module for module in modules.values() if module.apps]
    changed = bool(providers)
    # An app may come through several modules, e.g. a package that passes it on.
    while changed:
        changed = False
        for module in modules.values():
            for local, path in module.aliases.items():
                origin, _, name = path.rpartition(".")
                if not origin or local in module.apps or _root(path) in FOREIGN:
                    continue
                if any(
                    name in other.apps and _ends_with(other.name, origin) for other in providers
                ):
                    if not module.apps:
                        providers.append(module)
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
    for node in module.nodes(ast.Assign, ast.AnnAssign, ast.NamedExpr):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None or not module.makes_app(node.value):
            continue
        for target in targets:
            name = dotted(target)
            if name is not None:
                module.apps.add(name)


def _as_app(path: str) -> str:
    if path in _CURRENT_APP:
        return APP
    return path


def _ends_with(name: str, origin: str) -> bool:
    return name == origin or name.endswith(f".{origin}") or origin.endswith(f".{name}")


def _root(path: str) -> str:
    return path.partition(".")[0]


def dotted(node: ast.expr) -> str | None:
    """Return the text of a name, or of attributes of one (`self.app`); None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return None if base is None else f"{base}.{node.attr}"
    return None
