"""Checks small code bases that stand in the tests."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import pytest

from taskhub_migration.checker import check_sources
from taskhub_migration.command import supported_commands
from taskhub_migration.source_files import Source

Check = Callable[..., list[str]]


@pytest.fixture(scope="session")
def check() -> Check:
    """Return a function from files to what was found, as `level subject @path:line`.

    A text alone is the module `m.py`; the line that every app gets (`at least once`) is left out.
    """
    commands = supported_commands()

    def check(files: str | Mapping[str, str]) -> list[str]:
        named = {"m.py": files} if isinstance(files, str) else files
        sources = [Source(name, textwrap.dedent(content)) for name, content in named.items()]
        report = check_sources(sources, commands)
        return [
            f"{finding.level} {finding.subject} @{finding.place}"
            for finding in report.findings
            if finding.subject != "at least once"
        ]

    return check
