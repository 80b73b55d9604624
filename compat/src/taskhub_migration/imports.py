"""Names of Celery's, and of the libraries below it, that a module imports or reaches."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from celery._imported_names import imported_names
from celery._unsupported import LISTED, instead_of
from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP, Module
from taskhub_migration.supported_names import SUPPORTED

__all__ = ("missing_part", "rule")

_KOMBU_VALUES: Final = frozenset({"Queue", "Exchange", "binding"})
#: What works where kombu and billiard are installed: helpers, what is registered with them, and
#: classes by which ours are caught.
_WORK: Final = ("billiard.exceptions", "kombu.exceptions", "kombu.serialization", "kombu.utils")
_BELOW: Final[Mapping[str, str]] = {
    "amqp": "there is no AMQP connection: publish with tasks, or keep a broker of your own for "
    "other messages",
    "billiard": "use multiprocessing, or exceptions of celery.exceptions",
    "kombu": "publish with tasks; keep kombu, with a broker of its own, for messages that are no "
    "tasks",
    "vine": "use AsyncResult.then, or asyncio",
}


def rule(module: Module) -> Findings:
    """Find imports of what is not supported."""
    seen: set[tuple[str, int]] = set()
    for path, line in _reached(module):
        finding = _evaluate(path, line, module)
        if finding is not None and (finding.subject, line) not in seen:
            seen.add((finding.subject, line))
            yield finding


def missing_part(path: str) -> str | None:
    """Return the first part of a dotted path that taskhub-compat lacks; None: it has all parts.

    `celery.bin.worker` is missing at `celery.bin`; what is below a class is not evaluated.
    """
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if module not in SUPPORTED:
            continue
        if length == len(parts) or parts[length] in SUPPORTED[module]:
            return None
        origin = imported_names().get(module, {}).get(parts[length])
        if origin is not None:
            return missing_part(origin) if origin.startswith("celery.") else None
        return ".".join(parts[: length + 1])
    return parts[0]


def _reached(module: Module) -> Iterator[tuple[str, int]]:
    inner: set[int] = set()
    for node in module.nodes(ast.Import, ast.ImportFrom, ast.Attribute):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                origin = node.module or ""
                yield (origin if alias.name == "*" else f"{origin}.{alias.name}"), node.lineno
        elif isinstance(node, ast.Attribute) and id(node) not in inner:
            part = node.value
            while isinstance(part, ast.Attribute):
                inner.add(id(part))
                part = part.value
            path = module.resolve(node)
            if path is not None and not path.startswith(APP):
                yield path, node.lineno


def _evaluate(path: str, line: int, module: Module) -> Finding | None:
    root = path.partition(".")[0]
    if root == "celery":
        missing = missing_part(path)
        if missing is None:
            return None
        return Finding(
            Level.UNSUPPORTED,
            missing,
            "taskhub does not offer it",
            instead_of(missing) or LISTED,
            module.path,
            line,
        )
    if root not in _BELOW:
        return None
    if root == "kombu" and path.rpartition(".")[2] in _KOMBU_VALUES:
        return Finding(
            Level.DIFFERS,
            f"kombu.{path.rpartition('.')[2]}",
            "a queue is a name in the store: of kombu's objects only names, exchanges and routing "
            "keys are looked at",
            "keep kombu among the requirements, or write the names themselves: task_queues = "
            "['one', 'two']",
            module.path,
            line,
        )
    if path in ("kombu", "kombu.entity") or any(_is_below(path, name) for name in _WORK):
        return None
    return Finding(
        Level.UNSUPPORTED,
        ".".join(path.split(".")[:2]),
        f"{root} comes with Celery and has no part in taskhub",
        _BELOW[root],
        module.path,
        line,
    )


def _is_below(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")
