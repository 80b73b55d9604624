"""Programs import from Celery's modules what these only import, and catch its exceptions as kombu's and billiard's."""

from __future__ import annotations

import json
import os
import subprocess

from tests.ecosystem.environment import PROJECTS, programs


def test_names_of_kombu_and_billiard_mean_what_they_mean_beside_celery() -> None:
    done = subprocess.run(
        [str(programs() / "python"), str(PROJECTS / "borrowed" / "names.py")],
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TASKHUB_", "CELERY_"))
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "moved": [2, 2],
        "waited": "tidied up",
        "state": True,
        "left": "WorkerLostError",
        "unwritable": "EncodeError",
        "away": "OperationalError",
    }
