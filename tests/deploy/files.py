"""The files of deployment, and the tools that check them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from taskhub.cli.group import taskhub

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
#: What make puts into .venv-tools, of requirements/tools.txt.
TOOLS = ROOT / ".venv-tools" / "bin"


def tool(name: str) -> str:
    """Return the path of a tool; skips the test where the tools are not installed."""
    path = TOOLS / name
    if not path.exists():
        pytest.skip(f"{path.relative_to(ROOT)} is missing: make .venv-tools/.requirements")
    return str(path)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def read_yaml(path: Path) -> Any:
    """Return what a file of YAML holds."""
    return yaml.safe_load(path.read_text())


def parse_command_line(arguments: list[str]) -> dict[str, Any]:
    """Return the options of a `taskhub` command line, read by the command itself.

    Raises:
        click.UsageError: The command does not accept it.
    """
    group = taskhub.make_context("taskhub", [], resilient_parsing=True)
    name, command, rest = taskhub.resolve_command(group, list(arguments))
    assert command is not None, arguments
    context = command.make_context(name, rest, parent=group)
    assert not context.args, f"{name} has no use for {context.args}"
    return dict(context.params)
