"""`taskhub graph`: who works for whom, in the language of Graphviz."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_options, load_app
from taskhub.cli.status import collect
from taskhub.humanize import counted


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def graph() -> None:
    """Draw, for Graphviz: `taskhub graph workers | dot -Tsvg -o workers.svg`."""


@graph.command()
@app_options
@click.pass_context
def workers(context: click.Context) -> None:
    """Draw the online nodes with their processes, the queues that they serve, and the store."""
    click.echo(drawn(collect(load_app(context))))


@graph.command()
def bootsteps() -> None:
    """Not offered."""
    raise CommandError(
        "graph bootsteps is not offered: workers are Dramatiq's, which have middleware instead of "
        "bootsteps",
        exit_codes.USAGE,
    )


def drawn(state: Mapping[str, Any]) -> str:
    """Return the graph of what `collect` found."""
    lines = ["digraph workers {", "  rankdir=LR;", "  node [fontname=sans];"]
    store = f"store {state['store']['url']}"
    lines.append(f"  {_quoted(store)} [shape=cylinder];")
    for queue in state["queues"]:
        label = f"{queue['name']}\n{queue['ready']} ready, {queue['delayed']} delayed"
        lines.append(f"  {_quoted('queue ' + queue['name'])} [shape=box, label={_quoted(label)}];")
        lines.append(f"  {_quoted(store)} -> {_quoted('queue ' + queue['name'])};")
    nodes = sorted({worker["node"] for worker in state["workers"]})
    lines += [f"  {_quoted(node)} [shape=component];" for node in nodes]
    for worker in state["workers"]:
        label = f"process {worker['process']}\n{counted(worker['threads'], 'thread')}"
        lines.append(f"  {_quoted(worker['name'])} [shape=ellipse, label={_quoted(label)}];")
        lines.append(f"  {_quoted(worker['name'])} -> {_quoted(worker['node'])} [dir=none];")
        lines += [
            f"  {_quoted('queue ' + queue)} -> {_quoted(worker['name'])};"
            for queue in worker["queues"]
        ]
    return "\n".join((*lines, "}"))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
