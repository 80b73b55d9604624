"""What commands of other distributions are made with.

A distribution adds commands to `taskhub` by entry points of the group `taskhub.commands`, each of
which names a `click.Command`; `docs/operations.md` has an example.
"""

from __future__ import annotations

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import note, say_json, table

__all__ = ("CommandError", "app_options", "exit_codes", "load_app", "note", "say_json", "table")
