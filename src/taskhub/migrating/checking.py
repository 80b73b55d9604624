"""Checks a code base: reads every file once, parses it, and asks every rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from taskhub.migrating import commands, imports, packages, settings, tasks, unseen, urls
from taskhub.migrating.commands import CommandLine, Commands
from taskhub.migrating.finding import Finding, Findings, Level
from taskhub.migrating.module import APP_CLASSES, Module, link, parse
from taskhub.migrating.reading import Skipped, Source, Unreadable, files_below
from taskhub.migrating.report import Report
from taskhub.migrating.setting_sources import SettingSources, find_sources

__all__ = ("check", "check_sources")

#: Whoever writes one of these has decided.
_ACKNOWLEDGING = re.compile(r"task_acks_late|CELERY_(?:TASK_)?ACKS_LATE")


def check(path: Path, known_commands: Commands) -> Report:
    """Read a directory or a file, and report each use of Celery that is unsupported or differs.

    Nothing of it is run or imported.

    Parameters:
      known_commands: the commands that take the place of Celery's, with their options.

    Raises:
      OSError: there is no such path, or it may not be read.
    """
    sources: list[Source] = []
    unreadable: list[Unreadable] = []
    passed_over: list[tuple[str, str]] = []
    for found in files_below(path):
        if isinstance(found, Source):
            sources.append(found)
        elif isinstance(found, Unreadable):
            unreadable.append(found)
        else:
            assert isinstance(found, Skipped)
            passed_over.append((found.path, found.reason))
    report = check_sources(sources, known_commands)
    more = [
        Finding(
            Level.UNSEEN,
            "a file",
            f"it could not be read: {one.reason}",
            "read it by hand",
            one.path,
        )
        for one in unreadable
    ]
    return Report(
        tuple(_ordered([*report.findings, *more])),
        report.files + len(unreadable),
        report.using,
        tuple(passed_over),
    )


def check_sources(sources: Iterable[Source], known_commands: Commands) -> Report:
    """Report on files that were read."""
    modules: dict[str, Module] = {}
    findings: list[Finding] = []
    using: set[str] = set()
    texts: list[str] = []
    for source in sources:
        texts.append(source.text)
        if source.is_python:
            try:
                modules[source.path] = parse(source)
            except (SyntaxError, ValueError, RecursionError) as error:
                findings.append(_unparsable(source, error))
        else:
            found = list(_in_text(source, known_commands))
            findings += found
            if found or "celery" in source.text.lower():
                using.add(source.path)
    link(modules)
    sources_of_settings = [find_sources(module) for module in modules.values()]
    for module in modules.values():
        findings += _in_module(module, sources_of_settings, known_commands)
    for one in sources_of_settings:
        findings += one.unseen
    findings += _missing_sources(sources_of_settings, modules)
    if not any(_ACKNOWLEDGING.search(text) for text in texts):
        findings += _defaults(modules)
    using |= {path for path, module in modules.items() if module.uses("celery") or module.apps}
    using |= {finding.path for finding in findings if finding.path in modules}
    return Report(tuple(_ordered(findings)), len(texts), len(using))


def _in_module(module: Module, sources: list[SettingSources], known_commands: Commands) -> Findings:
    yield from imports.rule(module)
    yield from tasks.rule(module)
    yield from unseen.rule(module)
    yield from packages.in_module(module)
    prefix = next(
        (
            prefix
            for one in sources
            for name, prefix in one.modules.items()
            if _is_module(module, name)
        ),
        None,
    )
    classes = {key: prefix for one in sources for key, prefix in one.classes.items()}
    for one in sources:
        for name, class_prefix in one.modules.items():
            origin, _, last = name.rpartition(".")
            if origin and _is_module(module, origin):
                classes[module.path, last] = class_prefix
    yield from settings.rule(module, prefix, classes)
    for line in commands.in_module(module):
        yield from commands.judge(line, known_commands)


def _in_text(source: Source, known_commands: Commands) -> Findings:
    yield from packages.in_text(source.text, source.path)
    if packages.is_requirements(source.path) and not source.path.endswith("pyproject.toml"):
        return
    yield from urls.judge_text(source.text, source.path)
    for found in commands.in_text(source.text, source.path):
        if isinstance(found, CommandLine):
            yield from commands.judge(found, known_commands)
        else:
            yield found


def _missing_sources(sources: list[SettingSources], modules: dict[str, Module]) -> Findings:
    """Say which modules of settings were named and are not there."""
    for one in sources:
        for name in one.modules:
            candidates = (name, name.rpartition(".")[0])
            if name.startswith("django.conf"):
                continue
            if not any(
                _is_module(module, part)
                for module in modules.values()
                for part in candidates
                if part
            ):
                yield Finding(
                    Level.UNSEEN,
                    f"the settings in {name}",
                    "config_from_object names it, and it is not in what was read",
                    "check the directory that holds it, too",
                    _who_names(name, modules),
                )


def _who_names(name: str, modules: dict[str, Module]) -> str:
    return next(
        (path for path, module in modules.items() if name in find_sources(module).modules),
        "",
    )


def _defaults(modules: Mapping[str, Module]) -> Findings:
    """Say what an app does that sets nothing: the one difference that everybody meets."""
    places = [(module.path, line) for module in modules.values() for line in _app_lines(module)]
    for path, line in places[:1]:
        yield Finding(
            Level.DIFFERS,
            "at least once",
            "nothing says when tasks are acknowledged: with Celery a crash loses a task, here it runs again",
            "see that tasks can run twice, or set acks_late=False on those that must not",
            path,
            line,
        )


def _app_lines(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and module.resolve(node.func) in APP_CLASSES:
            yield node.lineno


def _is_module(module: Module, name: str) -> bool:
    return module.name == name or module.name.endswith(f".{name}")


def _unparsable(source: Source, error: Exception) -> Finding:
    line = getattr(error, "lineno", None) or 0
    what = getattr(error, "msg", None) or type(error).__name__
    return Finding(
        Level.UNSEEN,
        "a file",
        f"it is not Python that can be read: {what}",
        "read it by hand",
        source.path,
        line,
    )


def _ordered(findings: Iterable[Finding]) -> list[Finding]:
    order = list(Level)
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda one: (one.path, one.line, order.index(one.level), one.subject))
