"""Importing the shipped tasks connects to nothing and starts nothing."""

from __future__ import annotations

import subprocess
import sys

_PROBE = """
import sys, threading

def watch(event, arguments):
    if event.startswith(("socket.connect", "socket.bind", "subprocess.", "os.fork", "os.mkdir")):
        raise SystemExit(f"importing taskhub.actors does {event}{arguments!r}")

sys.addaudithook(watch)
import taskhub.actors

assert len(taskhub.actors.app.tasks) >= 4
assert threading.active_count() == 1
costly = {"aiosmtpd", "email_validator", "jinja2", "pydantic", "rich"} & set(sys.modules)
costly |= {"akshare", "alembic", "matplotlib", "pandas", "requests", "sqlalchemy"} & set(sys.modules)
assert not costly, costly
"""


def test_importing_does_nothing_to_the_world() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
