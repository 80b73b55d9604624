"""Starting and stopping nodes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

import psutil

from celery.bin.multi._node import Node
from celery.platforms import Pidfile

#: How often it is looked whether nodes have ended, seconds.
LOOK_EVERY = 0.2

Say = Callable[[str], object]


def process_of(node: Node) -> int | None:
    """Return the process id of a node that runs; None: it does not."""
    try:
        process = Pidfile(str(node.pidfile)).read_pid()
    except ValueError:
        return None
    return process if process and process < 2**31 and psutil.pid_exists(process) else None


def start(nodes: Sequence[Node], say: Say, explain: Say) -> int:
    """Start nodes; returns how many did not start.

    Args:
        nodes: The nodes.
        say: Called with each line of the output.
        explain: Called with each command.

    Raises:
        OSError: A directory for its files cannot be made, or the program not be run.
    """
    failed = 0
    for node in nodes:
        failed += not start_one(node, f"\t> {node.name}: ", say, explain)
    return failed


def start_one(node: Node, beginning: str, say: Say, explain: Say) -> bool:
    """Start a node; returns whether it has started."""
    for name, path in (("--pidfile", node.pidfile), ("--logfile", None)):
        where = path or node.arguments[node.arguments.index(name) + 1]
        os.makedirs(os.path.dirname(os.path.abspath(where)), exist_ok=True)
    explain("  " + subprocess.list2cmdline(node.arguments))
    code = subprocess.run(node.arguments, check=False).returncode
    say(f"{beginning}{'FAILED' if code else 'OK'}")
    if code < 0:
        say(f"* Child was terminated by signal {-code}")
    elif code:
        say(f"* Child terminated with exit code {code}")
    return code == 0


def send(nodes: Sequence[Node], number: int, say: Say) -> list[tuple[Node, int]]:
    """Send a signal to nodes; returns those that run, with their processes."""
    name = signal.Signals(number).name.removeprefix("SIG")
    running: list[tuple[Node, int]] = []
    for node in nodes:
        process = process_of(node)
        if process is None:
            say(f"> {node.name}: DOWN")
            continue
        try:
            os.kill(process, number)
        except (ProcessLookupError, PermissionError):
            say(f"Could not signal {node.name} ({process}): No such process")
            continue
        say(f"\t> {node.name}: {name} -> {process}")
        running.append((node, process))
    return running


def wait(running: list[tuple[Node, int]], say: Say) -> None:
    """Return when none of these runs any more."""
    if running:
        ids = ", ".join(str(process) for _, process in running)
        say(f"> Waiting for {len(running)} {'node' if len(running) == 1 else 'nodes'} -> {ids}...")
    while running:
        for node, process in list(running):
            if not psutil.pid_exists(process):
                say(f"\t> {node.name}: OK")
                running.remove((node, process))
        if running:
            time.sleep(LOOK_EVERY)
