"""The options that have a variable under the name `celery` are those of Celery's commands."""

from __future__ import annotations

import json
import subprocess

import pytest

from taskhub.cli.celery_variables import OPTIONS
from tests.support.parity import environment, oracle_python

SCRIPT = """
import json, click
from celery.bin.celery import celery
def options(command):
    return sorted(one.name for one in command.params if isinstance(one, click.Option))
print(json.dumps({"": options(celery), **{name: options(one) for name, one in celery.commands.items()}}))
"""
#: Read by other names, see `taskhub.cli.program`.
ELSEWHERE = {"": {"app", "broker", "result_backend", "config"}}


@pytest.fixture(scope="module")
def theirs() -> dict[str, list[str]]:
    done = subprocess.run(
        [str(oracle_python()), "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=environment("celery"),
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("command", OPTIONS)
def test_each_option_of_celerys_has_one(theirs: dict[str, list[str]], command: str) -> None:
    assert {*OPTIONS[command], *ELSEWHERE.get(command, ())} == set(theirs[command])
