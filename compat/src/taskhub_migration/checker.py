"""Checks a code base: reads every file once, parses it, and asks every rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from taskhub_migration import (
    command_lines,
    dynamic_code,
    environment,
    imports,
    requirements,
    rules,
    settings,
    tasks,
    urls,
)
from taskhub_migration.command_lines import CommandLine, Commands
from taskhub_migration.environment import is_pin
from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP_CLASSES, Module, is_named, module_name
from taskhub_migration.relevant_modules import parse_relevant
from taskhub_migration.report import Report
from taskhub_migration.setting_sources import SettingSources, find_sources
from taskhub_migration.source_files import Skipped, Source, Unreadable, files_below

__all__ = ("check", "check_sources")

#: Writing one of these is a decision.
_ACKNOWLEDGING = ("task_acks_late", "CELERY_ACKS_LATE", "CELERY_TASK_ACKS_LATE")


#: Setting this gives priorities as Celery has them on Redis.
_LOWEST_FIRST: Final = re.compile(r"""queue_order_strategy["']?\s*[:=\]]+\s*["']priority["']""")


def check(path: Path, known_commands: Commands) -> Report:
    """Read a directory or a file, and report each use of Celery that is unsupported or differs.

    Nothing of it is run or imported.

    Args:
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
            Level.UNVERIFIED,
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
    findings: list[Finding] = []
    using: set[str] = set()
    texts: list[str] = []
    python: dict[str, Source] = {}
    for source in sources:
        texts.append(source.text)
        if source.is_python:
            python[source.path] = source
        else:
            found = list(_in_text(source, known_commands))
            findings += found
            if found or "celery" in source.text.lower():
                using.add(source.path)
    modules, unparsable = parse_relevant(python)
    findings += unparsable
    described = [
        sources_of_one
        for module in modules.values()
        if (sources_of_one := find_sources(module)).names_any
    ]
    for module in modules.values():
        findings += _in_module(module, described, known_commands)
    for source_of_settings in described:
        findings += source_of_settings.unverified
    findings += _missing_sources(described, [module_name(path) for path in python])
    if not using and not any(module.uses("celery") for module in modules.values()):
        # What it pins is no matter of ours.
        findings = [one for one in findings if not is_pin(one)]
    if not any(word in text for text in texts for word in _ACKNOWLEDGING):
        findings += _defaults(modules)
    if any(_LOWEST_FIRST.search(text) for text in texts):
        findings = [one for one in findings if one.message != rules.PRIORITY.message]
    using |= {path for path, module in modules.items() if module.uses("celery") or module.apps}
    using |= {finding.path for finding in findings if finding.path in modules}
    return Report(tuple(_ordered(findings)), len(texts), len(using))


def _in_module(module: Module, sources: list[SettingSources], known_commands: Commands) -> Findings:
    yield from imports.rule(module)
    yield from tasks.rule(module)
    yield from dynamic_code.rule(module)
    yield from requirements.in_module(module)
    yield from environment.in_module(module)
    prefix = next(
        (
            prefix
            for one in sources
            for name, prefix in one.modules.items()
            if is_named(module.name, name)
        ),
        None,
    )
    classes = {key: prefix for one in sources for key, prefix in one.classes.items()}
    for one in sources:
        for name, class_prefix in one.modules.items():
            origin, _, last = name.rpartition(".")
            if origin and is_named(module.name, origin):
                classes[module.path, last] = class_prefix
    yield from settings.rule(module, prefix, classes)
    for line in command_lines.in_module(module):
        yield from command_lines.evaluate(line, known_commands)


def _in_text(source: Source, known_commands: Commands) -> Findings:
    yield from requirements.in_text(source.text, source.path)
    if requirements.is_requirements(source.path) and not source.path.endswith("pyproject.toml"):
        return
    yield from urls.evaluate_text(source.text, source.path)
    yield from environment.in_text(source.text, source.path)
    for found in command_lines.in_text(source.text, source.path):
        if isinstance(found, CommandLine):
            yield from command_lines.evaluate(found, known_commands)
        else:
            yield found


def _missing_sources(described: list[SettingSources], names: list[str]) -> Findings:
    """Say which modules of settings were named and are not there."""
    for one in described:
        for name in one.modules:
            candidates = tuple(filter(None, (name, name.rpartition(".")[0])))
            if name.startswith("django.conf"):
                continue
            if not any(is_named(found, part) for found in names for part in candidates):
                yield Finding(
                    Level.UNVERIFIED,
                    f"the settings in {name}",
                    "config_from_object names it, and it is not in what was read",
                    "check the directory that holds it, too",
                    one.path,
                )


def _defaults(modules: Mapping[str, Module]) -> Findings:
    """Say what an app does that sets nothing: the one difference that everybody meets."""
    places = [(module.path, line) for module in modules.values() for line in _app_lines(module)]
    for path, line in places[:1]:
        yield Finding(
            Level.DIFFERS,
            "at least once",
            "nothing says when tasks are acknowledged: with Celery a crash loses a task, here it "
            "runs again",
            "see that tasks can run twice, or set acks_late=False on those that must not",
            path,
            line,
        )


def _app_lines(module: Module) -> Iterator[int]:
    for node in module.nodes(ast.Call):
        if module.resolve(node.func) in APP_CLASSES:
            yield node.lineno


def _ordered(findings: Iterable[Finding]) -> list[Finding]:
    order = list(Level)
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda one: (one.path, one.line, order.index(one.level), one.subject))
