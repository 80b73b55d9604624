"""A worker process's lease: proof that it lives, renewed by the keeper, or by the process itself
while there is none.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from dataclasses import asdict
from pathlib import Path

from taskhub.engine.port import Engine
from taskhub.exceptions import OperationalError
from taskhub.worker.keeper import (
    ADDRESS_VARIABLE,
    GOODBYE,
    KEPT,
    RENEWALS_PER_LEASE,
    Registration,
    address_for,
    renew_leases,
)

logger = logging.getLogger(__name__)

#: How often to look for the keeper, seconds: it is started after the worker processes.
LOOK_EVERY = 0.25
#: How long a good-bye to the keeper may take, seconds.
GOODBYE_TIMEOUT = 1.0


class Lease(threading.Thread):
    """Holds the lease of one worker process for as long as it runs."""

    def __init__(self, engine: Engine, worker: str) -> None:
        super().__init__(name="taskhub-lease", daemon=True)
        self._engine = engine
        self._worker = worker
        self._lease: int = engine.rules.lease
        self._ended = threading.Event()
        self._connection: socket.socket | None = None

    def begin(self) -> None:
        """Take the lease, then hold it from a thread.

        Raises:
          OperationalError: the store is out of reach.
        """
        self._engine.renew([self._worker], self._lease)
        self.start()

    def end(self) -> None:
        """Give the lease up."""
        self._ended.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.sendall(GOODBYE)
                connection.shutdown(socket.SHUT_WR)
        # Neither the keeper nor the thread may renew what is given up: the keeper answers a good-bye by closing.
        self.join(GOODBYE_TIMEOUT)
        try:
            self._engine.release(self._worker)
        except OperationalError as error:
            logger.warning("%s; the lease of this process runs out by itself", error)

    def run(self) -> None:
        period = self._lease / 1000 / RENEWALS_PER_LEASE
        waited = period
        while not self._ended.is_set():
            try:
                if self._register():
                    self._wait_for_keeper_to_end()
                    waited = period
                if waited >= period and not self._ended.is_set():
                    renew_leases(self._engine, [self._worker], self._lease)
                    waited = 0.0
            except Exception:
                # Without its lease the process would lose its tasks to others again and again.
                logger.exception("the lease of this process could not be looked after; going on")
            self._ended.wait(LOOK_EVERY)
            waited += LOOK_EVERY

    def _register(self) -> bool:
        """Make this process known to the keeper, if there is one."""
        address = os.environ.get(ADDRESS_VARIABLE) or address_for(os.getppid())
        if not Path(address).exists():
            return False
        registration = self._registration()
        if registration is None:
            return False
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(10.0)
        try:
            connection.connect(os.fspath(address))
            connection.sendall(registration.to_json().encode() + b"\n")
            if connection.recv(16) != KEPT:
                raise OSError("the keeper did not answer")
        except OSError:
            connection.close()
            return False
        self._connection = connection
        logger.info("the keeper renews the lease of this process")
        return True

    def _registration(self) -> Registration | None:
        from taskhub.engine.redis.engine import RedisEngine

        if not isinstance(self._engine, RedisEngine):
            return None
        return Registration(
            self._worker,
            os.getpid(),
            {"url": asdict(self._engine.broker_url), "options": self._engine.broker_options},
            {"url": asdict(self._engine.results_url), "options": self._engine.results_options},
            asdict(self._engine.rules),
        )

    def _wait_for_keeper_to_end(self) -> None:
        connection = self._connection
        assert connection is not None
        connection.settimeout(None)
        with contextlib.suppress(OSError):
            while connection.recv(1024):
                pass
        connection.close()
        self._connection = None
        if not self._ended.is_set():
            logger.info("the keeper is gone: this process renews its lease itself")
