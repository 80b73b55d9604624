"""What workers tell of tasks and of themselves: types, order and fields are those of a real Celery worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import parity

FOLDER = Path(__file__).parent / "worker"
WORKER = ["-A", "program", "worker", "-P", "solo", "-l", "ERROR", "-E"]
COMMANDS = {
    "celery": ["celery", *WORKER, "--without-mingle", "--without-gossip"],
    "taskhub": ["taskhub", *WORKER],
}
CALLS = ["add", "fail", "again", "ignore", "silent", "late", "nowhere"]
#: Differ from run to run, or with who sends them.
UNLIKE = {"timestamp", "clock", "pid", "local_received", "hostname", "runtime", "traceback"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what receivers got, by library."""
    folder = tmp_path_factory.mktemp("events")
    return parity.outcomes_beside_workers(FOLDER, COMMANDS, folder)


def _of(told: dict[str, Any], call: str) -> list[dict[str, Any]]:
    events = [event for event in told["events"] if event.get("uuid") == call]
    # A client's and a worker's events come by different connections to Celery's receiver.
    return sorted(events, key=lambda event: event["type"] != "task-sent")


def _is_of_a_retry(event: dict[str, Any], name: str) -> bool:
    """Whether a field is one that Celery fills in another way for retries.

    There, the parent of a retry is the call itself, and the exception is sometimes that of the
    retry, not its cause.
    """
    if name == "parent_id":
        return bool(event.get("retries"))
    return (event["type"], name) == ("task-retried", "exception")


@pytest.mark.parametrize("call", CALLS)
def test_calls_are_told_of_as_by_celery(told: dict[str, dict[str, Any]], call: str) -> None:
    def shown(library: str) -> list[dict[str, Any]]:
        return [
            {
                name: value
                for name, value in event.items()
                if name not in UNLIKE and not _is_of_a_retry(event, name)
            }
            for event in _of(told[library], call)
        ]

    assert shown("taskhub") == shown("celery")


@pytest.mark.parametrize("call", CALLS)
def test_events_have_all_fields(told: dict[str, dict[str, Any]], call: str) -> None:
    for ours, theirs in zip(_of(told["taskhub"], call), _of(told["celery"], call), strict=True):
        missing = theirs.keys() - ours.keys()
        assert not missing, ours["type"]
        assert isinstance(ours["timestamp"], float)
        assert "@" in ours["hostname"]


def test_workers_tell_of_themselves(told: dict[str, dict[str, Any]]) -> None:
    def fields(library: str) -> set[str]:
        kinds = ("worker-online", "worker-heartbeat")
        events = [event for event in told[library]["events"] if event["type"] in kinds]
        # Celery's answer to the command `heartbeat` tells less.
        return set().union(*events)

    assert fields("taskhub") >= fields("celery") >= {"freq", "sw_ident", "sw_ver", "sw_sys"}


def test_one_can_tell_something_of_ones_own(told: dict[str, dict[str, Any]]) -> None:
    assert told["taskhub"]["own"] == told["celery"]["own"] == ["mine"]
