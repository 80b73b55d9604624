"""Runs a chain on a worker, waits until a scheduler has started a job, and stops both in order."""

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shop import TICKED, add, app
from taskhub import chain

TIMEOUT = 60.0


@contextmanager
def running(*command: str):
    """Run a command of taskhub; it must end in order."""
    with Path(f"{command[0]}.log").open("w+") as log:
        program = [sys.executable, "-m", "taskhub", "-A", "shop", *command]
        process = subprocess.Popen(program, stdout=log, stderr=log)
        try:
            yield
            process.terminate()
            code = process.wait(TIMEOUT)
            log.seek(0)
            assert code == 0, f"{command[0]} ended with {code}:\n{log.read()}"
        finally:
            process.kill()
            process.wait()


with ExitStack() as commands:
    # Held by this process from here on, so that the store stands until all have ended.
    result = chain(add.s(1, 2), add.s(3)).delay()
    commands.enter_context(running("worker", "-c", "1"))
    commands.enter_context(running("scheduler"))
    assert result.get(timeout=TIMEOUT) == 6, result.get()
    deadline = time.monotonic() + TIMEOUT
    while not TICKED.exists():
        assert time.monotonic() < deadline, Path("scheduler.log").read_text()
        time.sleep(0.05)
app.close()
