"""`manage.py taskhub`: the command `taskhub` with the project's app."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.core.checks import run_checks as find_mistakes
from django.core.management.base import BaseCommand, CommandError

from taskhub.app.command_line import directory_of_program
from taskhub.cli import exit_codes, run_for_app
from taskhub.contrib.django.checks import TAG
from taskhub.contrib.django.project_app import ADDRESS, project_app
from taskhub.contrib.django.worker_reloader import OPTION, run_worker_reloading

__all__ = ("Command",)

#: Options of `manage.py`'s own, which it has read already, and whether a value follows.
_OF_DJANGO: Final = {"--settings": True, "--pythonpath": True, "--traceback": False}
_PROGRAM: Final = "python manage.py taskhub"


class Command(BaseCommand):  # type: ignore[misc]
    """Runs a command of `taskhub`."""

    help = "Run workers of this project's tasks, and look after them: `manage.py taskhub --help`."
    requires_system_checks: Sequence[str] = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command that stands behind `taskhub`, and end with its exit code."""
        sys.exit(self._run(list(_without_django(argv[2:]))))

    def print_help(self, prog_name: str, subcommand: str) -> None:
        """Show the help of `taskhub`: `manage.py help taskhub`."""
        run_for_app(ADDRESS, ["--help"], _PROGRAM)

    def add_arguments(self, parser: Any) -> None:
        """Take everything as it is: `call_command("taskhub", "status")`."""
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run a command; used by `call_command`.

        Raises:
            CommandError: It has failed; what it has said says why.
        """
        code = self._run([str(word) for word in options["arguments"]])
        if code != exit_codes.OK:
            raise CommandError(f"taskhub ended with {code}", returncode=code)

    def _run(self, arguments: list[str]) -> int:
        if not {"-h", "--help", "--version"}.intersection(arguments):
            findings = [found for found in find_mistakes(tags=[TAG]) if not found.is_silenced()]
            for found in findings:
                kind = "error" if found.is_serious() else "warning"
                hint = f" ({found.hint})" if found.hint else ""
                self.stderr.write(f"{kind}: {found.id}: {found.msg}{hint}")
            if any(found.is_serious() for found in findings):
                return exit_codes.USAGE
        _let_processes_find_project()
        if OPTION in arguments:
            if "worker" in arguments:
                return run_worker_reloading()
            self.stderr.write(f"error: {OPTION} is an option of worker only")
            return exit_codes.USAGE
        return run_for_app(project_app().address or ADDRESS, arguments, _PROGRAM)


def _without_django(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments that are not for `manage.py` itself."""
    words = iter(arguments)
    for word in words:
        option, equals, _ = word.partition("=")
        if option not in _OF_DJANGO:
            yield word
        elif _OF_DJANGO[option] and not equals:
            next(words, None)


def _let_processes_find_project() -> None:
    """Let the processes of a worker import the project, wherever `manage.py` was called from."""
    directory = directory_of_program()
    if directory is not None:
        path = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (directory, path)))
