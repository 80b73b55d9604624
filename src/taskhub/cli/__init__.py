"""The command line. Nothing is imported before a command needs it, so that it answers at once."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code.

    Parameters:
      arguments: without the program's name; None: those of this process.
    """
    from taskhub.cli.running import run

    return run(arguments)


def celery() -> int:
    """Run a command under the name `celery`; returns the exit code."""
    from taskhub.cli.running import run

    return run(program="celery")


__all__ = ["celery", "main"]
