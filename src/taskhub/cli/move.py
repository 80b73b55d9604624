"""`taskhub move`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import note, say_json
from taskhub.humanize import counted

if TYPE_CHECKING:
    from taskhub.engine.port.engine import Engine
    from taskhub.transfer.mover import MoveCounts

#: How often progress is shown, seconds.
_EVERY = 1.0


@app_command()
@click.option("--from", "source_url", metavar="URL", required=True, help="The store with the work.")
@click.option("--to", "target_url", metavar="URL", required=True, help="The store that gets it.")
@click.option(
    "--from-namespace", metavar="NAME", help="Its namespace (default: taskhub_namespace)."
)
@click.option("--to-namespace", metavar="NAME", help="That of the target (default: the same).")
@click.option("--results", is_flag=True, help="Copy results, too.")
@click.option("--dry-run", is_flag=True, help="Show what is there and what is in the way, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON at the end.")
def move(
    context: click.Context,
    source_url: str,
    target_url: str,
    from_namespace: str | None,
    to_namespace: str | None,
    results: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Move all that waits from one store to another: Redis, Valkey, PostgreSQL.

    Ready, delayed and rate-limited messages, chords, chains, dead letters, periodic jobs, pauses,
    rate limits, revoked tasks and locks; results stay unless asked for, history and statistics do.
    Each message is moved once, however often and wherever the move is killed: run it again, and it
    goes on. Stop workers, schedulers and relays of the source first, and let callers use the
    target; what they still send to the source, the next run takes.
    """
    from taskhub.transfer.errors import TransferError
    from taskhub.transfer.mover import Mover
    from taskhub.transfer.obstacles import check_stores, find_obstacles

    source, target = (
        _engine(context, option, url, namespace)
        for option, url, namespace in (
            ("--from", source_url, from_namespace),
            ("--to", target_url, to_namespace or from_namespace),
        )
    )
    try:
        check_stores(source, target)
        obstacles = find_obstacles(source, target)
        if dry_run:
            _show(source, target, obstacles, as_json)
            return exit_codes.FAILURE if obstacles else exit_codes.OK
        if obstacles:
            raise CommandError("nothing was moved: " + "; ".join(obstacles), exit_codes.FAILURE)
        progress = _Progress()
        counts = Mover(source, target, with_results=results, report=progress).run()
        progress.end()
        if as_json:
            say_json(asdict(counts))
        else:
            click.echo(f"moved {_described(counts)}")
        return exit_codes.OK
    except TransferError as error:
        raise CommandError(str(error), exit_codes.FAILURE) from error
    finally:
        source.close()
        target.close()


def _engine(context: click.Context, option: str, url: str, namespace: str | None) -> Engine:
    from taskhub.app.stores import make_engine
    from taskhub.config.urls import parse_store_url
    from taskhub.names import check_name

    # So that the message names the option.
    if parse_store_url(url, setting=option).scheme == "memory":
        raise CommandError(
            f"{option} {url}: that store belongs to one process: name Redis, Valkey or PostgreSQL",
            exit_codes.USAGE,
        )
    if namespace is not None:
        check_name(f"{option}-namespace", namespace)
    return make_engine(load_app(context).conf, url, namespace=namespace)


def _show(source: Engine, target: Engine, obstacles: list[str], as_json: bool) -> None:
    """Print what would be moved, and what is in the way."""
    queues = source.queues()
    inventory = source.transfer.inventory()
    found = {
        "messages": sum(counts.total for counts in queues.values()),
        "queues": len(queues),
        "chords": len(inventory.chords),
        "chains": len(inventory.chains),
        "dead_letters": source.dead_count(),
        "obstacles": obstacles,
    }
    if as_json:
        say_json(found)
        return
    click.echo(f"from {source.stores.broker}, namespace {source.rules.namespace}")
    click.echo(f"to   {target.stores.broker}, namespace {target.rules.namespace}")
    for name, number in found.items():
        if isinstance(number, int):
            click.echo(f"  {number:>9,} {name.replace('_', ' ')}")
    for obstacle in obstacles:
        click.echo(f"  in the way: {obstacle}")


def _described(counts: MoveCounts) -> str:
    parts = [
        counted(number, name.replace("_", " ").removesuffix("s"))
        for name, number in asdict(counts).items()
        if number or name == "messages"
    ]
    return ", ".join(parts)


class _Progress:
    """Lines on stderr about how far the move is; at a terminal one line, written anew."""

    def __init__(self) -> None:
        self._shown_at = time.monotonic()
        self._draws = sys.stderr.isatty()
        self._drawn = False

    def __call__(self, step: str, counts: Any) -> None:
        now = time.monotonic()
        if now - self._shown_at < _EVERY:
            return
        self._shown_at = now
        text = f"{step}: {_described(counts)}"
        if self._draws:
            self._drawn = True
            click.echo(f"\r\033[K{text}", nl=False, err=True)
        else:
            note(text)

    def end(self) -> None:
        """Take the line away."""
        if self._drawn:
            click.echo("\r\033[K", nl=False, err=True)
