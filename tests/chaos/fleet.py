"""What a run breaks: a store that writes each change to its disk, supervisors that reach it through proxies, and a
caller with a proxy of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from taskhub.app.app import Celery
from tests.chaos.ledger import NOTES_VARIABLE
from tests.chaos.workload import MEMORY_QUEUE, MEMORY_VARIABLE
from tests.support.faulty_proxy import FaultyProxy
from tests.support.refusals import REFUSALS_VARIABLE
from tests.support.servers import end_with_parent, start_valkey
from tests.support.workers import SETTINGS_VARIABLE

PROGRAM = "tests.chaos.program"
NAMESPACE = "chaos"
#: Who workers and caller are to the store: their rights are taken away at times.
USER, PASSWORD = "app", "secret"
#: Results beyond this are refused, bytes.
LARGEST = 1 << 20
QUEUE = "work"
#: Longer than the time after which a silent connection is given up, so that workers help
#: themselves; seconds.
LEASE = 7
#: A message may be near so many faults by chance: none of them is its doing.
MAX_DELIVERIES = 1000
READY_TIMEOUT = 60.0

_ROOT = Path(__file__).resolve().parents[2]


class Machine:
    """One supervisor with its worker processes, and its own way to the store."""

    def __init__(
        self,
        name: str,
        port: int,
        directory: Path,
        *,
        processes: int,
        threads: int,
        queue: str,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        self.queue = queue
        self.processes = processes
        self.proxy = FaultyProxy(port)
        self._log = directory / f"{name}.log"
        self._command = [
            *(sys.executable, "-m", "taskhub", "-A", PROGRAM, "worker"),
            *("-c", str(processes), "-t", str(threads), "-Q", queue, "-l", "warning"),
            *("-n", name, "-f", str(self._log)),
        ]
        self._environment = {
            **os.environ,
            **environment,
            SETTINGS_VARIABLE: json.dumps(settings(as_user(self.proxy.url))),
            "PYTHONPATH": os.pathsep.join((str(_ROOT / "src"), str(_ROOT))),
        }
        self._stderr = directory / f"{name}.stderr"
        self._known: set[psutil.Process] = set()
        self.supervisor = self._start()

    def _start(self) -> psutil.Popen:
        with self._stderr.open("ab") as output:
            return psutil.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=_ROOT,
                env=self._environment,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )

    @property
    def log(self) -> str:
        """What its processes have logged, and what they could not."""
        paths = [path for path in (self._log, self._stderr) if path.exists()]
        return "".join(path.read_text("utf-8", "replace") for path in paths)

    @property
    def workers(self) -> list[psutil.Process]:
        """The worker processes that live now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            found = [child for child in self.supervisor.children() if child.is_running()]
            self._known.update(found)
            return found
        return []

    def kill_supervisor(self) -> None:
        """End the supervisor without notice, and start another, as an init system does."""
        _ = self.workers
        self.supervisor.kill()
        self.supervisor.wait()
        self.supervisor = self._start()

    def everything(self) -> list[psutil.Process]:
        """Return every process of this machine that lives now."""
        return [self.supervisor, *self.workers]

    def stop(self) -> int:
        """Ask it to end; returns the supervisor's exit code."""
        self.supervisor.terminate()
        return int(self.supervisor.wait(30.0))

    def close(self) -> None:
        """End everything that it has ever started."""
        for process in {*self.everything(), *self._known}:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.supervisor.wait()
        self.proxy.close()


class Fleet:
    """A store, machines, and a caller.

    Args:
        directory: Where all of it keeps its files.
        machines: How many machines serve the queue.
        processes, threads: What each of them runs.
        memory: Whether one more serves the queue of tasks that run out of memory.
        refusals: Whether commands of the workers' scripts can be refused.
    """

    def __init__(
        self,
        directory: Path,
        *,
        machines: int,
        processes: int,
        threads: int,
        memory: bool = False,
        refusals: bool = False,
    ) -> None:
        self.notes = directory / "notes"
        self.machines: list[Machine] = []
        self._apps: list[Celery] = []
        arguments = (
            *("--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"),
            *("--user", USER, "on", f">{PASSWORD}", "+@all", "allkeys", "allchannels"),
            *("--proto-max-bulk-len", str(LARGEST)),
        )
        self.store = start_valkey(directory, args=arguments)
        try:
            self.caller_proxy = FaultyProxy(self.store.port)
            #: Sends and waits, over a connection that breaks.
            self.caller = self._app(as_user(self.caller_proxy.url))
            #: Looks, over one that only breaks with the store.
            self.observer = self._app(self.store.url)
            environment = {NOTES_VARIABLE: str(self.notes)}
            if refusals:
                environment[REFUSALS_VARIABLE] = "1"
            for number in range(1, machines + 1):
                self.machines.append(
                    Machine(
                        f"host{number}",
                        self.store.port,
                        directory,
                        processes=processes,
                        threads=threads,
                        queue=QUEUE,
                        environment=environment,
                    )
                )
            if memory:
                self.machines.append(
                    Machine(
                        "small",
                        self.store.port,
                        directory,
                        processes=1,
                        threads=2,
                        queue=MEMORY_QUEUE,
                        environment={**environment, MEMORY_VARIABLE: str(512 << 20)},
                    )
                )
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise

    def wait_until_ready(self) -> None:
        """Wait until every machine has all of its worker processes, and each has its lease."""
        wanted = sum(machine.processes for machine in self.machines)

        def ready() -> bool:
            processes = {worker.pid for machine in self.machines for worker in machine.workers}
            leases = {
                process
                for name, left in self.observer.engine.workers().items()
                if left > 0 and (process := process_of(name)) in processes
            }
            return len(processes) == len(leases) == wanted

        deadline = time.monotonic() + READY_TIMEOUT
        while not ready():
            if time.monotonic() > deadline:
                found = {
                    machine.name: [worker.pid for worker in machine.workers]
                    for machine in self.machines
                }
                leases = self.observer.engine.workers()
                logs = "\n".join(machine.log[-2000:] for machine in self.machines)
                raise AssertionError(
                    f"of {wanted} worker processes there are {found} with leases {leases}: {logs}"
                )
            # To look is to read the whole list of processes.
            time.sleep(0.2)

    def _app(self, url: str) -> Celery:
        app = Celery("chaos", **settings(url), set_as_current=False)
        self._apps.append(app)
        return app

    def close(self) -> None:
        """End everything."""
        for machine in self.machines:
            machine.close()
        for app in self._apps:
            app.engine.close()
        self.caller_proxy.close()
        self.store.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def settings(url: str) -> dict[str, Any]:
    """Return the settings of every app of a run."""
    return {
        "broker_url": url,
        "result_backend": url,
        "taskhub_namespace": NAMESPACE,
        "task_default_queue": QUEUE,
        "lease_seconds": LEASE,
        "task_max_deliveries": MAX_DELIVERIES,
        # Whoever starts while the store is away waits for it.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # The caller does not give up either, so that every call is acknowledged in the end.
        "task_publish_retry_policy": {
            "max_retries": None,
            "interval_start": 0.05,
            "interval_step": 0.1,
            "interval_max": 0.5,
        },
    }


def as_user(url: str) -> str:
    """Return a URL with the name and the password of workers and caller."""
    return url.replace("//", f"//{USER}:{PASSWORD}@", 1)


def process_of(worker: str) -> int:
    """Return the process id in the name of a worker."""
    return int(worker.split(":")[1])
