"""The lease of a worker process: proof that it lives.

It is renewed by the lease renewer, or by the process itself while there is none.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import Obstacle
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.worker.leases.lease_renewer import RENEWALS_PER_LEASE, renew_leases
from taskhub.worker.leases.registration import (
    ADDRESS_VARIABLE,
    DEREGISTER,
    REGISTERED,
    Registration,
    address_for,
)

logger = logging.getLogger(__name__)

#: How often to look for the lease renewer, seconds: it is started after the worker processes.
PERIOD = 0.25
#: How long it may take to deregister, seconds.
DEREGISTER_TIMEOUT = 1.0
#: How many obstacles an error names.
OBSTACLES_NAMED = 5
# The obstacles that this process has warned of.
_warned: set[str] = set()


def describe_obstacles(obstacles: Sequence[Obstacle]) -> str:
    """Return what is in the way of a worker, and what to do."""
    named = "; ".join(obstacle.detail for obstacle in obstacles[:OBSTACLES_NAMED])
    left = len(obstacles) - OBSTACLES_NAMED
    more = f" (and {left} more)" if left > 0 else ""
    remedies = dict.fromkeys(obstacle.remedy for obstacle in obstacles[:OBSTACLES_NAMED])
    return f"the store refuses what workers need: {named}{more}. What to do: {'; '.join(remedies)}"


def check_obstacles(engine: Engine, queues: Sequence[str] = ()) -> None:
    """Check that the store lets a worker do its work; warn once where only a part of it suffers.

    Args:
        engine: The engine.
        queues: The queues that the worker serves.

    Raises:
        OperationalError: The store is out of reach.
        StoreRefused: Something is in the way of all of the worker's tasks, or another version has
            written the data in a form that this one does not read.
    """
    obstacles = engine.obstacles(queues)
    for obstacle in obstacles:
        if obstacle.kind == "format":
            raise StoreRefused(f"{obstacle.detail}: {obstacle.remedy}")
    # One queue must not stop the others, and a full store is what workers make room in.
    for obstacle in obstacles:
        if obstacle.kind in ("queue", "full") and obstacle.detail not in _warned:
            _warned.add(obstacle.detail)
            logger.warning("%s; %s", obstacle.detail, obstacle.remedy)
    if grave := [obstacle for obstacle in obstacles if obstacle.kind in ("rights", "key")]:
        rights = any(obstacle.kind == "rights" for obstacle in grave)
        raise StoreRefused(describe_obstacles(grave), rights=rights)


class Lease(threading.Thread):
    """Holds the lease of one worker process for as long as it runs.

    Args:
        engine: The engine.
        worker: The name under which the process holds claims.
    """

    def __init__(self, engine: Engine, worker: str) -> None:
        super().__init__(name="taskhub-lease", daemon=True)
        self._engine = engine
        self._worker = worker
        self._lease: int = engine.rules.lease
        self._ended = threading.Event()
        self._connection: socket.socket | None = None
        self._directory_refused = False

    def acquire(self) -> None:
        """Take the lease, then hold it from a thread.

        Raises:
            OperationalError: The store is out of reach.
            StoreRefused: The user of its URL may not do what a worker needs, or something else
                stands under its keys.
        """
        check_obstacles(self._engine)
        self._engine.renew([self._worker], self._lease)
        self.start()

    def release(self) -> None:
        """Give the lease up; what the worker still holds is reclaimed."""
        self._ended.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.sendall(DEREGISTER)
                connection.shutdown(socket.SHUT_WR)
        # Neither the lease renewer nor the thread may renew what is given up: the lease renewer
        # closes the connection of who deregisters.
        self.join(DEREGISTER_TIMEOUT)
        try:
            self._engine.reclaim(self._worker)
        except OperationalError as error:
            logger.warning("%s; the lease of this process expires by itself", error)

    def run(self) -> None:
        period = self._lease / 1000 / RENEWALS_PER_LEASE
        waited = period
        while not self._ended.is_set():
            try:
                if self._register():
                    self._wait_for_lease_renewer_to_end()
                    waited = period
                if waited >= period and not self._ended.is_set():
                    renew_leases(self._engine, [self._worker], self._lease)
                    waited = 0.0
            except Exception:
                # Without its lease the process would lose its tasks to others again and again.
                logger.exception("the lease of this process could not be renewed; tried again")
            self._ended.wait(PERIOD)
            waited += PERIOD

    def _register(self) -> bool:
        """Register this process with the lease renewer, if there is one."""
        address = self._address()
        registration = self._registration()
        if address is None or registration is None or not address.exists():
            return False
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10.0)
        try:
            connection.connect(os.fspath(address))
            connection.sendall(registration.to_json().encode() + b"\n")
            if connection.recv(len(REGISTERED)) != REGISTERED:
                raise OSError("the lease renewer did not answer")
        except OSError:
            connection.close()
            return False
        self._connection = connection
        logger.info("the lease renewer renews the lease of this process")
        return True

    def _address(self) -> Path | None:
        try:
            return Path(os.environ.get(ADDRESS_VARIABLE) or address_for(os.getppid()))
        except OSError as error:
            if not self._directory_refused:
                self._directory_refused = True
                logger.warning("this process renews its lease itself: %s", error)
            return None

    def _registration(self) -> Registration | None:
        stores = self._engine.stores
        if not stores.is_shared:
            return None
        return Registration(self._worker, os.getpid(), stores.to_fields())

    def _wait_for_lease_renewer_to_end(self) -> None:
        connection = self._connection
        assert connection is not None
        connection.settimeout(None)
        with contextlib.suppress(OSError):
            while connection.recv(1024):
                pass
        connection.close()
        self._connection = None
        if not self._ended.is_set():
            logger.info("the lease renewer is gone: this process renews its lease itself")
