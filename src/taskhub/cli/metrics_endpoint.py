"""`--metrics-port` and `--metrics-address`: where a command answers Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def metrics_options(function: F) -> F:
    """Add `--metrics-port` and `--metrics-address` to a command."""
    function = click.option(
        "--metrics-address",
        default="127.0.0.1",
        show_default=True,
        metavar="ADDRESS",
        help="The address for --metrics-port; 0.0.0.0: everybody who reaches this host may read "
        "them.",
    )(function)
    return click.option(
        "--metrics-port",
        type=click.IntRange(1, 65535),
        metavar="PORT",
        help="Answer Prometheus at /metrics on this port (needs the extra metrics).",
    )(function)


def enter_served(held: ExitStack, served: AbstractContextManager[T], address: str, port: int) -> T:
    """Enter a context that serves metrics; `held` leaves it.

    Raises:
        CommandError: They cannot be served.
    """
    try:
        return held.enter_context(served)
    except ModuleNotFoundError as error:
        raise CommandError(
            "--metrics-port needs prometheus-client: install the extra taskhub-core[metrics]"
        ) from error
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"metrics cannot be served at {address}:{port} ({error}): choose another "
            "--metrics-port or --metrics-address",
            exit_codes.USAGE,
        ) from error
