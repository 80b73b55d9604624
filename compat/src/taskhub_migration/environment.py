"""Libraries, version pins and queue lengths that a program has around Celery."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Final

from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.libraries import ECOSYSTEM, Works
from taskhub_migration.module import Module

__all__ = ("evaluate_pin", "in_module", "in_text", "is_pin")

#: Modules by which programs use libraries that stand on Celery -> their distributions.
_LIBRARIES: Final[Mapping[str, str]] = {
    "celery_batches": "celery-batches",
    "django_structlog.celery.steps": "django-structlog",
    "opentelemetry.instrumentation.celery": "opentelemetry-instrumentation-celery",
    "sentry_sdk.integrations.celery": "sentry-sdk",
}
#: How the distribution that holds this package may be called.
_OURS: Final = ("taskhub-core", "taskhub")
_CONNECTIONS: Final = frozenset({"broker_connection", "connection_for_read", "default_channel"})
_SHARED: Final = frozenset({"redis", "hiredis"})
_BOUND: Final = re.compile(
    r"(?P<operator>===|==|~=|>=|<=|<|>|!=|\^|~)\s*(?P<version>\d+(?:\.\d+)*)"
)
#: Redis functions by which programs read and remove Celery's messages by hand.
_BY_HAND: Final = frozenset({"lindex", "lpop", "lrange", "lrem", "ltrim", "rpop"})
_LENGTH: Final = re.compile(r"(?i)\bllen\b[^\n]*\b(?:celery|\w*queue\w*)")


def in_module(module: Module) -> Findings:
    """Find libraries that reach into Celery, and queues that are read as lists of Redis."""
    for node in module.nodes(ast.Import, ast.ImportFrom):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [module.absolute(node)]
        )
        for name in names:
            yield from _library(name, module.path, node.lineno)
    # A client that comes from the app's connection answers for queues.
    by_app = any(node.attr in _CONNECTIONS for node in module.nodes(ast.Attribute))
    concerned = not by_app and (module.uses("celery") or bool(module.apps))
    if not concerned:
        return
    called = [
        (call.func.attr, call.lineno)
        for call in module.nodes(ast.Call)
        if isinstance(call.func, ast.Attribute)
    ]
    # Alone they concern a list of the program's own more often than a queue.
    counts = any(name == "llen" for name, _ in called)
    for name, line in called:
        if name == "llen":
            yield _length(module.path, line)
        elif name in _BY_HAND and counts:
            yield _messages(module.path, line, name)


def in_text(text: str, path: str) -> Findings:
    """Find commands of `redis-cli` that ask for the length of a queue."""
    if "llen" not in text.lower():
        return
    for number, line in enumerate(text.splitlines(), 1):
        if _LENGTH.search(line):
            yield _length(path, number)


def evaluate_pin(name: str, constraint: str, path: str, line: int) -> Findings:
    """Evaluate what a program requires of a library that taskhub requires, too."""
    if name not in _SHARED:
        return
    constraint = constraint.partition(";")[0].strip(" \"',")
    ours = _required(name)
    if ours is None:
        return
    least = min((v for o, v in _bounds(ours) if o in (">=", "==", "~=")), default=None)
    below = min((v for o, v in _bounds(ours) if o == "<"), default=None)
    for operator, version in _bounds(constraint):
        is_exact = operator in ("==", "===", "~=", "^", "~")
        too_old = least is not None and (
            version < least[: len(version)]
            if is_exact
            else (operator == "<" and version <= least) or (operator == "<=" and version < least)
        )
        too_new = below is not None and (is_exact or operator in (">=", ">")) and version >= below
        if too_old or too_new:
            yield Finding(
                Level.UNSUPPORTED,
                f"requirement: {name}",
                f"taskhub requires {name}{ours}, and {constraint} excludes that",
                f"let it be {name}{ours}",
                path,
                line,
            )
            return


def is_pin(finding: Finding) -> bool:
    """Whether a finding is one of `evaluate_pin`."""
    return finding.subject in {f"requirement: {name}" for name in _SHARED}


def _bounds(constraint: str) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (found["operator"], tuple(int(part) for part in found["version"].split(".")))
        for found in _BOUND.finditer(constraint)
    ]


def _required(name: str) -> str | None:
    """Return the version range that taskhub requires of a distribution, e.g. ">=7,<9", or None."""
    for distribution in _OURS:
        try:
            listed = metadata.requires(distribution) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in listed:
            match = re.match(rf"{name}(?:\[[^\]]*\])?\s*(?P<bounds>[^;]*)$", requirement)
            if match is not None:
                return match["bounds"].strip()
    return None


def _library(name: str, path: str, line: int) -> Findings:
    for module, distribution in _LIBRARIES.items():
        if name != module and not name.startswith(f"{module}."):
            continue
        library = ECOSYSTEM[distribution]
        if library.works is not Works.YES:
            level = Level.UNSUPPORTED if library.works is Works.NO else Level.DIFFERS
            yield Finding(level, f"import of {module}", library.why, library.advice, path, line)


def _length(path: str, line: int) -> Finding:
    return Finding(
        Level.DIFFERS,
        "llen of a queue",
        "queues are no lists of Redis: asked of Redis itself, the length is always 0",
        "ask app.connection().default_channel.client.llen(name), or `taskhub queues --json`",
        path,
        line,
    )


def _messages(path: str, line: int, function: str) -> Finding:
    return Finding(
        Level.DIFFERS,
        f"{function} beside counted queues",
        "queues are no lists of Redis: no messages are found or removed there",
        "see `taskhub queues NAME` and `taskhub purge NAME`, if it is a queue",
        path,
        line,
    )
