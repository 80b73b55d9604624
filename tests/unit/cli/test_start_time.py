"""The command line answers at once: it imports what a command needs, and no more."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.acceptance.command import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def test_help_imports_nothing_costly() -> None:
    script = (
        "import sys; from taskhub.cli import main; main(['--help']); "
        "print([name for name in ('rich', 'redis', 'dramatiq', 'jinja2') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_supervisor_imports_no_tasks() -> None:
    script = "import sys, taskhub.worker.supervisor.supervisor; print('taskhub.app' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    assert ended.stdout == "False\n"
