"""Callers that send canvases of generators, as processes: they are killed, and they need little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskhub.canvas.pages import WAIT
from taskhub.exceptions import ChordError
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import SETTINGS_VARIABLE, until

ROOT = Path(__file__).resolve().parents[3]
#: The wait of a caller that is killed, ms; outside of tests it is longer.
SHORT_WAIT = 6_000


def caller(stage: Stage, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that sends a canvas."""
    command = [sys.executable, "-m", "tests.integration.worker.caller", *map(str, arguments)]
    settings = {SETTINGS_VARIABLE: json.dumps(stage.settings)}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **settings},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_chord_of_a_killed_caller_fails_within_a_minute(stage: Stage, journal: Journal) -> None:
    workers = stage.workers()
    killed = caller(stage, "chord", 1_200, journal, SHORT_WAIT)
    try:
        until(lambda: "made" in journal.words, "the generator to be read", 30)
        # At most one page has not left.
        until(lambda: len(journal.words) > 600, "early members to run", 30)
    finally:
        killed.kill()
        killed.communicate()
    with pytest.raises(ChordError, match=rf"its caller, gen{killed.pid}@.*, was lost"):
        stage.app.AsyncResult("body").get(timeout=60 - (WAIT - SHORT_WAIT) / 1000)
    until(lambda: "errback" in journal.words, "the errback to be called", 10)
    ran = [word for word in journal.words if isinstance(word, int)]
    assert sorted(ran) == list(range(len(ran)))
    assert len(ran) >= 1_000
    assert "ends as FAILURE: its caller was lost" in workers.log


@pytest.mark.parametrize("kind", ["group", "chord"])
def test_a_caller_needs_memory_for_a_page(kind: str, stage: Stage, journal: Journal) -> None:
    count = 60_000
    sending = caller(stage, kind, count, journal, "ends")
    printed, _ = sending.communicate(timeout=120)
    assert sending.returncode == 0
    # As a list, these members take 140 MB.
    assert float(printed) < 30
    assert stage.app.engine.queues()["default"].ready == count + 1
