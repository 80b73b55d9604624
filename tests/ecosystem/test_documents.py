"""A program that pickles and signs its calls, follows them by signals, and has its own log of Celery's lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ecosystem.environment import project


@pytest.mark.timeout(240)
def test_signed_calls_run_and_are_followed(tmp_path: Path) -> None:
    command = ("celery", "--app", "archive", "worker", "--loglevel", "INFO")
    options = ("--without-mingle", "--without-gossip")
    with (
        project("documents", tmp_path) as archive,
        archive.running(*command, *options, ready="is ready: ") as log,
    ):
        # Neither the command nor the client warns of anything.
        assert "warning" not in log.read_text().lower()
        told = json.loads(archive.run("python", "client.py").splitlines()[-1])
        assert told["told"] == [
            {"document": "one", "title": "One"},
            "LookupError('/in/two: no tags')",
            "removed three, four",
            [{"document": "three", "title": "THREE"}, {"document": "four", "title": "FOUR"}],
            told["told"][4],
        ]
        assert "five" in told["told"][4]
        assert told["ping"] == [{"ok": "pong"}]
        notes = told["notes"]
        for line in (
            "published one api 36",
            "published five None 36",
            "ended archive.consume SUCCESS {'document': 'one', 'title': 'One'}",
            "ended archive.remove SUCCESS removed one",
            "ended archive.remove SUCCESS removed three, four",
            "failed archive.consume LookupError True",
        ):
            assert line in notes
        assert "process" in notes
        lines = (archive.directory / "celery.log").read_text()
        assert "celery.app.trace|INFO|Task archive.consume[" in lines
        assert "celery.app.trace|ERROR|Task archive.consume[" in lines
