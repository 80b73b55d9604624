"""Requirements: Celery itself, its extras, and libraries that stand on it."""

from __future__ import annotations

import ast
import re
from typing import Final

from taskhub.migrating.ecosystem import ECOSYSTEM, Works
from taskhub.migrating.finding import Finding, Findings, Level
from taskhub.migrating.module import Module, literal

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
    "redis": "it comes with taskhub",
    "auth": "messages are not signed: protect the store by TLS and a password",
    "pydantic": "install taskhub[pydantic]",
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
    """Find what concerns Celery among the requirements of a file, or among what its lines install."""
    listed = is_requirements(path)
    for number, line in enumerate(text.splitlines(), 1):
        if listed:
            match = _REQUIREMENT.match(line)
            if match is not None:
                yield from _judge(match["name"], match["extras"] or "", path, number)
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
                yield from _judge(match["name"], match["extras"] or "", path, number)


def in_module(module: Module) -> Findings:
    """Find it in the lists of a `setup.py` or `noxfile.py`."""
    if module.path.rpartition("/")[2] not in ("setup.py", "noxfile.py"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant):
            value = literal(node)
            match = (
                _REQUIREMENT.match(value) if isinstance(value, str) and len(value) < 100 else None
            )
            if match is not None:
                yield from _judge(match["name"], match["extras"] or "", module.path, node.lineno)


def _judge(written: str, extras: str, path: str, line: int) -> Findings:
    name = re.sub(r"[-_.]+", "-", written).lower()
    if name == "celery":
        yield Finding(
            Level.UNSUPPORTED,
            "requirement: celery",
            "Celery and taskhub-compat both bring the module `celery`; what is installed last wins",
            "replace it by taskhub-compat (and taskhub-scheduler, for periodic jobs)",
            path,
            line,
        )
        for extra in filter(None, (part.strip().lower() for part in extras.split(","))):
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
