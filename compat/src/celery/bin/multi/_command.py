"""`celery multi`."""

from __future__ import annotations

import shlex
import signal
import socket
from collections.abc import Callable, Sequence

import click

from celery.bin.multi import _cluster as cluster
from celery.bin.multi._arguments import CELERY_COMMAND, MultiError, Read, nodes, read
from celery.bin.multi._node import BEFORE_THE_COMMAND, Node
from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import chosen_app
from taskhub.cli.program import CELERY, called_as, is_quiet

USAGE = """\
  multi start    NODES [options of `worker`]
  multi stop     NODES [-SIGNAL]      (default: -TERM)
  multi stopwait NODES [-SIGNAL]      the same, and wait for their end
  multi restart  NODES [-SIGNAL] [options of `worker`]
  multi kill     NODES
  multi show     NODES [options]      what start would run
  multi names    NODES
  multi get      NAME NODES [options] what start would run for one of them
  multi expand   TEMPLATE NODES       with %n, %h, %d, %p filled in

NODES are names (w1 w2@host) or one number. An option with a colon is for some of them, as in
-c:w1 3 -Q:2,3 images.
--pidfile and --logfile (%n in them is a node's name) must be the same for start and stop.
"""

#: Words that are `multi`'s own, wherever they stand.
_OWN = ("--nosplash", "--quiet", "-q", "--verbose", "--no-color")


@click.command(
    epilog=exit_codes.EXPLAINED,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def multi(context: click.Context, arguments: tuple[str, ...]) -> int:
    """Start and stop workers in the background; see `multi help`."""
    words = [word for word in arguments if word not in _OWN]
    quiet = is_quiet(context) or "--quiet" in arguments or "-q" in arguments
    verbose = "--verbose" in arguments

    def say(line: str) -> None:
        if not quiet:
            click.echo(line)

    def explain(line: str) -> None:
        if verbose:
            click.echo(line)

    if not words or words[0].startswith("-") or words[0] not in _VERBS:
        if words[:1] != ["help"]:
            click.echo(
                f"Invalid command: {' '.join(words[:1])}" if words else "Name a command:", err=True
            )
        click.echo(USAGE)
        return exit_codes.OK if words[:1] == ["help"] else exit_codes.FAILURE
    if words[0] in ("start", "stop", "stopwait", "stop_verify", "restart", "kill") and (
        "--nosplash" not in arguments
    ):
        say(f"{called_as(context)} multi")
    app = chosen_app(context)
    try:
        return _VERBS[words[0]](words[1:], app, say, explain)
    except MultiError as error:
        raise CommandError(str(error), exit_codes.FAILURE) from error


def _made(words: Sequence[str], app: str | None) -> tuple[Read, list[Node]]:
    found = read(words)
    if called_as(click.get_current_context()) == CELERY:
        # There a number means what it means in Celery, and variables stand for options.
        found.options.setdefault("--cmd", shlex.join(CELERY_COMMAND))
    if app is not None and not {"-A", "--app"} & set(found.options):
        found.options["-A"] = app
    return found, nodes(found, socket.gethostname())


def _signal(words: list[str]) -> int:
    """Take the signal, e.g. `-9` or `-KILL`, out of the arguments."""
    for word in reversed(words):
        name = word.removeprefix("-")
        if not word.startswith("-") or word.startswith("--") or word in BEFORE_THE_COMMAND:
            continue
        number = (
            int(name) if name.isdigit() else getattr(signal, f"SIG{name.removeprefix('SIG')}", None)
        )
        if number is not None:
            words.remove(word)
            return int(number)
    return int(signal.SIGTERM)


Verb = Callable[[list[str], "str | None", cluster.Say, cluster.Say], int]


def _start(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    _, made = _made(words, app)
    say("> Starting nodes...")
    return int(bool(cluster.start(made, say, explain)))


def _stop(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    number = _signal(words)
    _, made = _made(words, app)
    say("> Stopping nodes...")
    cluster.send(made, number, say)
    return exit_codes.OK


def _stopwait(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    number = _signal(words)
    _, made = _made(words, app)
    say("> Stopping nodes...")
    cluster.wait(cluster.send(made, number, say), say)
    return exit_codes.OK


def _restart(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    number = _signal(words)
    _, made = _made(words, app)
    say("> Stopping nodes...")
    cluster.wait(cluster.send(made, number, say), say)
    failed = [
        node
        for node in made
        if not cluster.start_one(node, f"> Restarting node {node.name}: ", say, explain)
    ]
    return int(bool(failed))


def _kill(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    _, made = _made(words, app)
    cluster.send(made, int(signal.SIGKILL), say)
    return exit_codes.OK


def _show(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    for node in _made(words, app)[1]:
        click.echo(shlex.join(node.arguments))
    return exit_codes.OK


def _names(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    for node in _made(words, app)[1]:
        click.echo(node.name)
    return exit_codes.OK


def _get(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    for node in _made(words[1:], app)[1]:
        if node.name == words[0]:
            click.echo(shlex.join(node.arguments[1:]))
            return exit_codes.OK
    return exit_codes.FAILURE


def _expand(words: list[str], app: str | None, say: cluster.Say, explain: cluster.Say) -> int:
    for node in _made(words[1:], app)[1]:
        click.echo(node.expand(words[0]))
    return exit_codes.OK


_VERBS: dict[str, Verb] = {
    "start": _start,
    "stop": _stop,
    "stopwait": _stopwait,
    "stop_verify": _stopwait,
    "restart": _restart,
    "kill": _kill,
    "show": _show,
    "names": _names,
    "get": _get,
    "expand": _expand,
}
