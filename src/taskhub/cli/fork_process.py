"""What `taskhub worker` starts for each of the `forks` of middleware; not for people."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from importlib import import_module
from typing import NoReturn

from taskhub.logs import setup as logs
from taskhub.worker.ipc.connection import SupervisorConnection
from taskhub.worker.nodename import expand_path
from taskhub.worker.supervisor.plan import WorkerPlan

#: How long one wait for the end of the supervisor is, seconds.
LOOK_EVERY = 60.0


def main(text: str, path: str) -> int:
    """Run a fork, found at "module:name", by the plan of its worker; returns its exit code."""
    plan = WorkerPlan.from_json(text)
    connection = SupervisorConnection.from_environment()
    multiprocessing.current_process().name = f"fork {path}"
    logfile = plan.logfile and expand_path(plan.logfile, plan.nodename)
    logs.set_up(plan.loglevel, logs.handlers(logfile), plan.log_format)
    # What is typed at the terminal is for the supervisor.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _on_end)
    threading.Thread(target=_end_with_supervisor, args=(connection,), daemon=True).start()
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    module, _, name = path.partition(":")
    code = getattr(import_module(module), name)()
    return code if isinstance(code, int) else 0


def _on_end(number: int, frame: object) -> NoReturn:
    sys.exit(0)


def _end_with_supervisor(connection: SupervisorConnection) -> None:
    while not connection.wait_for_hangup(LOOK_EVERY):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
