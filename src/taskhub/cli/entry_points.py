"""Commands that other distributions bring, by entry points of the group `taskhub.commands`."""

from __future__ import annotations

import ast
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from taskhub.cli.command_runner import CommandError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "taskhub.commands"


def plugins() -> dict[str, EntryPoint]:
    """Return the commands by name."""
    from importlib.metadata import entry_points

    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def load(plugin: EntryPoint) -> click.Command:
    """Return the command itself.

    Raises:
        CommandError: It cannot be imported, or is no command.
    """
    try:
        command = plugin.load()
    except Exception as error:
        what = f"cannot be imported: {type(error).__name__}: {error}"
    else:
        if isinstance(command, click.Command):
            return command
        what = f"is a {type(command).__name__}, not a click.Command"
    raise CommandError(
        f"the command {plugin.name} ({plugin.value}{_origin(plugin)}) {what}: correct it, or "
        "uninstall that"
    )


def help_line(plugin: EntryPoint) -> str:
    """Return the first line of a command's docstring from its source, without importing it."""
    try:
        package, *rest = plugin.module.split(".")
        spec = find_spec(package)
        for name in rest:
            package = f"{package}.{name}"
            spec = spec and PathFinder.find_spec(package, spec.submodule_search_locations)
        source = Path((spec and spec.origin) or "").read_bytes()
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name == plugin.attr:
                return (ast.get_docstring(node) or "").partition("\n")[0]
    except (ImportError, OSError, SyntaxError, ValueError):
        pass
    return f"A plug-in{_origin(plugin)}."


def _origin(plugin: EntryPoint) -> str:
    return f" of {plugin.dist.name}" if plugin.dist is not None else ""
