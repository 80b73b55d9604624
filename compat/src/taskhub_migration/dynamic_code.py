"""What cannot be seen without running the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP, Module, dotted, literal

__all__ = ("rule",)

_IMPORTERS: Final = frozenset(
    {"importlib.import_module", "import_module", "__import__", "importlib.__import__"}
)
_RUNNERS: Final = frozenset({"exec", "eval"})
_GETTERS: Final = frozenset({"getattr", "setattr", "operator.attrgetter"})
_FOREIGN: Final = frozenset({"celery", "kombu", "billiard"})
_DOTTED: Final = re.compile(r"(?:celery|kombu|billiard)(?:\.\w+)+")


def rule(module: Module) -> Findings:
    """Find imports and attributes that are named at run time."""
    for path, line in module.stars:
        if path.partition(".")[0] in ("celery", "kombu"):
            yield Finding(
                Level.UNVERIFIED,
                f"from {path} import *",
                "which names of it are used cannot be seen",
                "import the names that are used",
                module.path,
                line,
            )
    for node in module.nodes(ast.Call):
        yield from _call(node, module)


def _call(node: ast.Call, module: Module) -> Findings:
    function = module.resolve(node.func) or dotted(node.func)
    if function in _IMPORTERS and node.args:
        name = literal(node.args[0])
        if isinstance(name, str):
            if name.partition(".")[0] in _FOREIGN:
                yield _finding(
                    module,
                    node,
                    f"import of {name} at run time",
                    "what is taken from it cannot be seen",
                )
        elif _may_be_foreign(node.args[0], module):
            yield _finding(
                module, node, "imports at run time", "the name of the module is computed"
            )
    elif function in _RUNNERS and any("celery" in text.lower() for text in _texts(node)):
        yield _finding(module, node, function or "", "code made at run time uses Celery")
    elif function in _GETTERS and node.args:
        found = module.resolve(node.args[0])
        if found is not None and (found == APP or found.partition(".")[0] in _FOREIGN):
            name = literal(node.args[1]) if len(node.args) > 1 else ...
            if not isinstance(name, str) and not found.startswith(f"{APP}.conf"):
                shown = found.replace(APP, "app")
                what = f"{function}({shown}, ...)"
                yield _finding(module, node, what, "the attribute is taken at run time")


def _may_be_foreign(name: ast.expr, module: Module) -> bool:
    """Return whether a computed name may be that of a module of Celery's."""
    if isinstance(name, ast.JoinedStr | ast.BinOp) and any(_texts(name)):
        first = next(iter(_texts(name)))
        return first.partition(".")[0] in _FOREIGN
    return any(
        isinstance(node.value, str) and _DOTTED.fullmatch(node.value) is not None
        for node in module.nodes(ast.Constant)
    )


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _finding(module: Module, node: ast.Call, subject: str, message: str) -> Finding:
    advice = "look whether it concerns Celery, and what of it"
    return Finding(Level.UNVERIFIED, subject, message, advice, module.path, node.lineno)
