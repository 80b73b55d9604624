"""Options of `taskhub worker` that are Celery's."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from taskhub.cli.worker_settings import celerys_options, setting_options, settings, without_effect
from taskhub.cli.worker_values import Autoscale, Concurrency
from taskhub.worker.nodename import expand_path
from taskhub.worker.supervisor.autoscaler import AutoscaleBounds


def run(*arguments: str) -> tuple[dict[str, Any], str | None]:
    found: list[tuple[dict[str, Any], str | None]] = []

    @click.command
    @setting_options
    @celerys_options
    @click.pass_context
    def command(context: click.Context) -> None:
        found.append((settings(context), without_effect(context)))

    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return found[0]


def test_options_that_stand_for_settings() -> None:
    assert run()[0] == {}
    arguments = [
        "--max-tasks-per-child=3",
        "--max-memory-per-child",
        "5",
        "-E",
        "--prefetch-multiplier",
        "0",
    ]
    assert run(*arguments)[0] == {
        "worker_max_tasks_per_child": 3,
        "worker_max_memory_per_child": 5,
        "worker_send_task_events": True,
        "worker_prefetch_multiplier": 0,
    }


def test_options_that_mean_nothing_here_are_told_of_in_one_line() -> None:
    assert run()[1] is None
    line = run("--pool-start-method", "fork", "--heartbeat-interval", "3")[1]
    assert line is not None
    assert line.startswith("without effect here: ")
    assert "--pool-start-method" in line
    assert "--heartbeat-interval" in line
    assert "--executable" not in line


def test_options_whose_purpose_is_met_anyway_are_not_told_of() -> None:
    met = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair")
    assert run(*met, "--statedb", "x")[1] is None


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("10,3", AutoscaleBounds(10, 3)),
        ("3,10", AutoscaleBounds(10, 3)),
        ("7", AutoscaleBounds(7, 1)),
        ("4,0", AutoscaleBounds(4, 1)),
    ],
)
def test_bounds(text: str, bounds: AutoscaleBounds) -> None:
    assert Autoscale().convert(text, None, None) == bounds


@pytest.mark.parametrize("text", ["", "a,b", "1,2,3", "0", "-1,5"])
def test_what_are_no_bounds(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write for example 10,3"):
        Autoscale().convert(text, None, None)


def test_tasks_at_a_time() -> None:
    given = {"4": 4, " AUTO ": "auto", "0": None, "": None}
    assert {text: Concurrency().convert(text, None, None) for text in given} == given
    for wrong in ("-1", "many", "1.5"):
        with pytest.raises(click.BadParameter):
            Concurrency().convert(wrong, None, None)


@pytest.mark.parametrize(
    ("pattern", "process", "path"),
    [
        ("/log/%n%I.log", 0, "/log/mail.log"),
        ("/log/%n%I.log", 2, "/log/mail-2.log"),
        ("%p.%i", 0, "mail@one.example.com.0"),
        ("%h %d 100%%", 1, "one.example.com example.com 100%"),
        ("%x", 1, "%x"),
    ],
)
def test_names_of_files(pattern: str, process: int, path: str) -> None:
    assert expand_path(pattern, "mail@one.example.com", process) == path
