"""Who is told what, and in which order: the same program on a real Celery worker and on one of ours."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.support import parity

FOLDER = Path(__file__).parent / "worker"
WORKER = ["-A", "program", "worker", "-P", "solo", "-l", "ERROR"]
COMMANDS = {
    "celery": ["celery", *WORKER, "--without-mingle", "--without-gossip"],
    "taskhub": ["taskhub", *WORKER],
}
CALLS = [
    "add",
    "add_by_keyword",
    "header",
    "fail",
    "again",
    "exceed",
    "ignore",
    "reject",
    "unstorable",
    "late",
    "broken_start",
    "nowhere",
    "linking",
    "linked",
    "eager",
    "eager_fail",
    "eager_again",
]

#: A signal, its task's id, the names of its arguments, its sender, and what the arguments hold.
Note = list[Any]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Note]]:
    """Return what was noted, in order, by library."""
    folder = tmp_path_factory.mktemp("signals")
    with parity.stores(folder) as stores:

        def run(library: str) -> list[Note]:
            journal = folder / f"{library}.journal"
            parity.run_beside_worker(
                library, FOLDER, COMMANDS[library], stores[library], folder, JOURNAL=str(journal)
            )
            return [json.loads(line) for line in journal.read_text().splitlines()]

        return parity.of_both(run)


def _of_calls(notes: list[Note], role: str) -> dict[str, list[Note]]:
    """Return the notes of one process about each call."""
    found = defaultdict(list)
    for where, name, task_id, arguments, sender, fields in notes:
        if where == role and task_id is not None:
            found[task_id].append([name, arguments, sender, fields])
    return found


@pytest.mark.parametrize("role", ["client", "worker"])
@pytest.mark.parametrize("call", CALLS)
def test_calls_are_told_of_as_by_celery(notes: dict[str, list[Note]], call: str, role: str) -> None:
    theirs, ours = _of_calls(notes["celery"], role), _of_calls(notes["taskhub"], role)
    assert ours[call] == theirs[call]


def test_workers_are_told_of_as_by_celery(notes: dict[str, list[Note]]) -> None:
    def about_workers(library: str) -> list[Note]:
        return [
            [name, arguments, sender, fields]
            for role, name, task_id, arguments, sender, fields in notes[library]
            if role == "worker" and task_id is None
        ]

    assert about_workers("taskhub") == about_workers("celery")
