"""Requirements: Celery itself, its extras, and libraries that stand on it."""

from __future__ import annotations

import ast
import re
from typing import Final

from taskhub_migration.environment import evaluate_pin
from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.libraries import ECOSYSTEM, Works
from taskhub_migration.module import Module

__all__ = ("in_module", "in_text", "is_requirements")

_FILES: Final = re.compile(
    r"(?i)(?:^|/)(?:[\w.-]*(?:requirements|constraints)[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in)"
    r"|pyproject\.toml|setup\.cfg|pipfile|environment\.ya?ml|conda\.ya?ml)$"
)
_REQUIREMENT: Final = re.compile(
    r"^\s*(?:-\s+)?[\"']?(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?P<rest>(?:[=<>!~;@,#\\].*)?)[\"']?,?\s*$"
)
_INSTALLED: Final = re.compile(
    r"(?i)\b(?:pip|pip3|uv|poetry|pipenv)\b[^#]*?\b(?:install|add)\b(?P<rest>.*)"
)
#: Extras of Celery's whose work is done here by something else, or not at all.
_EXTRAS: Final = {
    "auth": "messages are not signed: protect the store by TLS and a password",
    "pydantic": "install the extra taskhub-core[pydantic]",
    "msgpack": "install msgpack itself",
    "yaml": "install pyyaml itself",
    "tblib": "tracebacks are stored as text",
    "solar": "install taskhub-scheduler and ephem",
    "pytest": "the fixtures come with taskhub-compat",
    "gevent": "workers have threads: -P gevent is accepted",
    "eventlet": "workers have threads: -P eventlet is accepted",
    "zstd": "messages are not compressed",
    "brotli": "messages are not compressed",
    "django": "Django is recognized by DJANGO_SETTINGS_MODULE",
}


def is_requirements(path: str) -> bool:
    """Whether a file names distributions to install."""
    return _FILES.search(path) is not None


def in_text(text: str, path: str) -> Findings:
    """Return findings on Celery and its extras in a requirements file or an install command."""
    listed = is_requirements(path)
    for number, line in enumerate(text.splitlines(), 1):
        if listed:
            match = _REQUIREMENT.match(line)
            if match is not None:
                yield from _evaluate(match, path, number)
                continue
        installed = _INSTALLED.search(line)
        words = (
            installed["rest"].split()
            if installed
            else re.findall(r"[\"']([^\"']+)[\"']", line)
            if listed
            else []
        )
        for word in words:
            match = _REQUIREMENT.match(word)
            if match is not None:
                yield from _evaluate(match, path, number)


def in_module(module: Module) -> Findings:
    """Find it in the lists of a `setup.py` or `noxfile.py`."""
    if module.path.rpartition("/")[2] not in ("setup.py", "noxfile.py"):
        return
    for node in module.nodes(ast.Constant):
        value = node.value
        match = _REQUIREMENT.match(value) if isinstance(value, str) and len(value) < 100 else None
        if match is not None:
            yield from _evaluate(match, module.path, node.lineno)


def _evaluate(match: re.Match[str], path: str, line: int) -> Findings:
    extras = match["extras"] or ""
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    yield from evaluate_pin(name, match["rest"] or "", path, line)
    if name == "celery":
        yield Finding(
            Level.UNSUPPORTED,
            "requirement: celery",
            "an index has Celery under this name; the wheel that takes its place is built, and "
            "its version is 5.7",
            "write `celery @ file:///...`, and taskhub-scheduler for periodic jobs: "
            "docs/migrating.md",
            path,
            line,
        )
        for extra in filter(None, (part.strip().lower() for part in extras.split(","))):
            if extra == "redis":
                # What takes its place brings it.
                continue
            if extra in _EXTRAS:
                yield Finding(
                    Level.WITHOUT_EFFECT,
                    f"requirement: celery[{extra}]",
                    "taskhub-compat has no such extra",
                    _EXTRAS[extra],
                    path,
                    line,
                )
            else:
                yield Finding(
                    Level.UNSUPPORTED,
                    f"requirement: celery[{extra}]",
                    "messages and results are kept in Redis or Valkey only",
                    "move broker and results to redis://",
                    path,
                    line,
                )
        return
    library = ECOSYSTEM.get(name)
    if library is not None and library.works is not Works.YES:
        level = Level.UNSUPPORTED if library.works is Works.NO else Level.DIFFERS
        yield Finding(level, f"requirement: {name}", library.why, library.advice, path, line)
