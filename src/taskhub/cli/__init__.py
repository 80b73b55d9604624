"""The command line. Nothing is imported before a command needs it, so that it answers at once."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code.

    Args:
        arguments: without the program's name; None: those of this process.
    """
    from taskhub.cli.command_runner import run

    return run(arguments)


def run_for_app(app: str, arguments: Sequence[str], program: str = "celery") -> int:
    """Run a command for an app of this program; returns the exit code.

    Args:
        app: Where worker processes find it, as `-A`.
        arguments: Without the program's name.
        program: The name under which it was called, for help and errors.
    """
    from taskhub.cli.command_runner import run

    return run(arguments, program, app)


def celery() -> int:
    """Run a command under the name `celery`; returns the exit code."""
    from taskhub.cli.command_runner import run

    return run(program="celery")


__all__ = ["celery", "main", "run_for_app"]
