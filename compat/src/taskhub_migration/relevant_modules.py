"""Selection of the modules that use Celery; only those are parsed, since parsing is slow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from taskhub_migration.finding import Finding, Level
from taskhub_migration.module import Module, is_named, link, module_name, parse
from taskhub_migration.setting_sources import find_sources
from taskhub_migration.source_files import Source

__all__ = ("parse_relevant",)

#: What a module has that uses Celery, or sets its settings, whatever it calls the app; searching
#: for a text is much faster than for a pattern.
_WORDS: Final = (
    "celery",
    "kombu",
    "billiard",
    "import amqp",
    "from amqp",
    "import vine",
    "from vine",
    "broker_",
    "apply_async",
    "send_task",
    "shared_task",
    "beat_schedule",
)

_IMPORT: Final = re.compile(
    r"from\s+(?P<origin>[\w.]+)\s+import\s+(?:\((?P<many>[^)]*)|(?P<few>[^\n(]*))"
)
_NAME: Final = re.compile(r"\w+")


def parse_relevant(sources: Mapping[str, Source]) -> tuple[dict[str, Module], list[Finding]]:
    """Return the modules that use Celery or hold its settings, and those that cannot be parsed."""
    modules: dict[str, Module] = {}
    findings: list[Finding] = []
    # Python's own tests and the like have files that are not Python of this version.
    left = dict(sources)
    wanted = [path for path, source in sources.items() if _is_relevant(source.text.lower())]
    while wanted:
        for path in wanted:
            source = left.pop(path)
            try:
                modules[path] = parse(source)
            except (SyntaxError, ValueError, RecursionError) as error:
                findings.append(_unparsable(source, error))
        link(modules)
        wanted = list(_named_by(modules, left))
    return modules, findings


def _is_relevant(lower: str) -> bool:
    return any(word in lower for word in _WORDS)


def _named_by(modules: Mapping[str, Module], left: Mapping[str, Source]) -> Iterator[str]:
    """Yield the modules that import an app from a parsed module or are named as its settings."""
    settings = {name for module in modules.values() for name in find_sources(module).modules}
    apps = _names_of_apps(modules)
    for path, source in left.items():
        name = module_name(path)
        is_settings = any(
            is_named(name, part) for one in settings for part in (one, one.rpartition(".")[0])
        )
        if is_settings or _imports_app(source.text, apps):
            yield path


def _names_of_apps(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """Return the names of apps by the last part of their module's name; "": any module."""
    found: dict[str, set[str]] = {}
    for module in modules.values():
        names = {name for name in module.apps if "." not in name}
        if names:
            # `from . import app` names no module.
            for last in (module.name.rpartition(".")[2], ""):
                found.setdefault(last, set()).update(names)
    return found


def _imports_app(text: str, apps: Mapping[str, set[str]]) -> bool:
    """Whether a text imports an app, by the names of `_names_of_apps`."""
    for match in _IMPORT.finditer(text) if apps else ():
        names = apps.get(match["origin"].rpartition(".")[2])
        if names and not names.isdisjoint(_NAME.findall(match["many"] or match["few"] or "")):
            return True
    return False


def _unparsable(source: Source, error: Exception) -> Finding:
    line = getattr(error, "lineno", None) or 0
    what = getattr(error, "msg", None) or type(error).__name__
    return Finding(
        Level.UNVERIFIED,
        "a file",
        f"it is not Python that can be read: {what}",
        "read it by hand",
        source.path,
        line,
    )
