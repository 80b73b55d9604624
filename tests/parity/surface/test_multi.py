"""`celery multi` makes of its arguments the nodes that Celery's makes of them."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from celery.bin.multi._arguments import MultiError, nodes, read
from tests.support.parity import environment, oracle_python

SCRIPT = Path(__file__).parent / "scripts" / "multi.py"
TEMPLATE = "%n %h %d %p %% %i%I"

CASES = [
    ["w1"],
    ["w1", "w2@other", "-A", "proj", "-l", "INFO"],
    ["3", "-c", "3"],
    ["3", "-c:1-2", "3", "-Q:3", "images", "--loglevel=debug"],
    ["foo", "bar", "-c:foo", "3", "-Q:2", "a,b", "-E"],
    ["foo", "bar", "baz", "-c:1,3", "4", "-c", "2", "--time-limit=300"],
    ["foo", "-n", "host.example.com", "--prefix=x-"],
    ["foo", "--suffix=other", "--range-prefix=p"],
    ["2", "--range-prefix=node", "--hostname=h"],
    ["w1@%h", "-B", "--beat"],
]


def test_nodes_are_those_that_celery_makes(tmp_path: Path) -> None:
    files = [f"--pidfile={tmp_path}/%n-%h.pid", f"--logfile={tmp_path}/%n%I.log"]
    cases = [[*arguments, *files] for arguments in CASES]
    done = subprocess.run(
        [str(oracle_python()), str(SCRIPT), json.dumps(cases)],
        capture_output=True,
        text=True,
        env=environment("celery"),
        check=True,
    )
    theirs = json.loads(done.stdout)
    assert [
        [_shown(node) for node in nodes(read(case), socket.gethostname())] for case in cases
    ] == theirs


def _shown(node: Any) -> dict[str, Any]:
    files = ("--pidfile", "--logfile", "-n")
    return {
        "name": node.name,
        "options": {name: value for name, value in node.options.items() if name not in files},
        "expanded": node.expand(TEMPLATE),
        "pidfile": str(node.pidfile),
    }


def test_options_of_the_program_stand_before_the_command() -> None:
    (node,) = nodes(read(["w1", "-A", "proj", "-c", "3", "--pidfile=/x/%n.pid"]), "here")
    line = node.arguments
    assert line[1:6] == ("-m", "taskhub", "-A", "proj", "worker")
    assert line[line.index("--pidfile") + 1] == "/x/w1.pid"
    assert line[-2:] == ("-c", "3")


@pytest.mark.parametrize("arguments", [[], ["w1", "-c:2", "3"]])
def test_arguments_that_name_no_node_are_refused(arguments: list[str]) -> None:
    with pytest.raises(MultiError):
        nodes(read(arguments), "here")
