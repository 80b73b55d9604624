"""The lease renewer: renews the leases of worker processes from outside, and reclaims lost claims.

A task that holds the interpreter's lock for minutes does not stop another process from renewing.
The lease renewer runs as a fork of Dramatiq's command line, or as a thread of the supervisor of
`taskhub worker`; worker processes register with it on a socket (see `registration.py`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Collection, Generator
from pathlib import Path
from typing import NamedTuple

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from taskhub.exceptions import OperationalError
from taskhub.humanize import counted
from taskhub.private_directory import DirectoryRefused
from taskhub.worker.leases.deadlines import read_deadlines, remove_deadlines
from taskhub.worker.leases.registration import DEREGISTER, REGISTERED, Registration, address_for

logger = logging.getLogger(__name__)

#: Leases are renewed so many times before they could expire.
RENEWALS_PER_LEASE = 3
#: The longest wait of the loop, seconds.
PERIOD = 0.5
#: How often to look for tasks that should have been ended, seconds.
DEADLINES_PERIOD = 0.5
#: A process has so long to end a timed out task by itself before it is taken for unable to,
#: seconds.
DEADLINE_GRACE = 2.0
#: Where there is no pidfd (other systems than Linux), look for dead processes this often, seconds.
POLL_PERIOD = 0.2
#: At its end the lease renewer has so long to reclaim what killed processes held, seconds.
GRACE = 5.0


class Losses(NamedTuple):
    """Worker processes whose claims were taken away, and how many messages these were."""

    workers: int = 0
    messages: int = 0

    def plus(self, reclaimed: int) -> Losses:
        """Return the losses with one more worker, which held so many messages."""
        return Losses(self.workers + 1, self.messages + reclaimed)


NO_LOSSES = Losses()


class LeaseRenewer:
    """Watches the worker processes that register on a socket.

    Args:
        address: The path of the socket.
    """

    def __init__(self, address: Path) -> None:
        self.address = address
        self._selector = selectors.DefaultSelector()
        self._registrations: dict[int, Registration] = {}
        self._engines: dict[str, Engine] = {}
        self._renew_at = 0.0
        self._check_deadlines_at = 0.0
        self._stopping = False
        #: Since its start; read by other threads.
        self.losses = NO_LOSSES
        with contextlib.suppress(FileNotFoundError):
            address.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(address))
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def stop(self) -> None:
        """End `run` when the last worker process is gone."""
        self._stopping = True

    @property
    def has_registrations(self) -> bool:
        """Whether any worker process is registered."""
        return bool(self._registrations)

    def run(self) -> None:
        """Renew leases until stopped, or until the parent process is gone."""
        parent = os.getppid()
        try:
            while self._registrations or not (self._stopping or os.getppid() != parent):
                self.step(PERIOD)
        finally:
            self.close()

    def step(self, timeout: float) -> None:
        """Do what is due within the next `timeout` seconds."""
        pause = min(timeout, DEADLINES_PERIOD) if self._registrations else timeout
        if self._polls:
            pause = min(pause, POLL_PERIOD)
        for key, _ in self._selector.select(pause):
            key.data(key.fileobj)
        if self._polls:
            for descriptor, registration in list(self._registrations.items()):
                if not _is_alive(registration.process):
                    self._handle_lost(descriptor)
        if time.monotonic() >= self._renew_at:
            self._renew()
        if time.monotonic() >= self._check_deadlines_at:
            self._check_deadlines_at = time.monotonic() + DEADLINES_PERIOD
            for registration in list(self._registrations.values()):
                self._kill_if_timed_out(registration)

    def close(self) -> None:
        """Close the socket and the engines."""
        self._selector.close()
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.address.unlink()
        for engine in self._engines.values():
            engine.close()

    @property
    def _polls(self) -> bool:
        return not hasattr(os, "pidfd_open")

    # -- inspection, from other threads

    def held_by(self, process: int) -> int | None:
        """Return how many messages a process holds, as the store says; None: unknown.

        Raises:
            OperationalError: The store is out of reach.
        """
        for registration in list(self._registrations.values()):
            if registration.process == process:
                return len(self._engines[registration.store].held(registration.worker))
        return None

    @property
    def any_engine(self) -> Engine | None:
        """The engine of some registered process, usually of all; None: there was none yet."""
        return next(iter(list(self._engines.values())), None)

    def count_ready(self, queues: Collection[str]) -> int | None:
        """Return how many messages are ready in some queues; None: no process has registered yet.

        Raises:
            OperationalError: The store is out of reach.
        """
        engine = self.any_engine
        if engine is None:
            return None
        return sum(counts.ready for name, counts in engine.queues().items() if name in queues)

    # -- registrations

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(2.0)
        try:
            text = connection.makefile("r", encoding="utf-8").readline()
            registration = Registration.from_json(text)
            if registration.store not in self._engines:
                self._engines[registration.store] = registration.open_engine()
        except (ValueError, TypeError, OSError) as error:
            logger.warning("a registration could not be read: %s", error)
            connection.close()
            return
        # The process may have been killed since it registered: then its descriptor is readable, or
        # there is none.
        with contextlib.suppress(OSError):
            connection.sendall(REGISTERED)
        try:
            descriptor = self._watch(registration.process, connection)
        except ProcessLookupError:
            connection.close()
            self._reclaim(registration)
            return
        self._registrations[descriptor] = registration
        self._selector.register(
            connection, selectors.EVENT_READ, lambda _: self._handle_closed(descriptor, connection)
        )
        connection.setblocking(False)
        self._renew_at = 0.0

    def _watch(self, process: int, connection: socket.socket) -> int:
        """Return the descriptor of a process; on Linux one that is readable when it ends."""
        if self._polls:
            return connection.fileno()
        descriptor = os.pidfd_open(process)
        self._selector.register(
            descriptor, selectors.EVENT_READ, lambda _: self._handle_lost(descriptor)
        )
        return descriptor

    def _handle_closed(self, descriptor: int, connection: socket.socket) -> None:
        """Handle the end of a connection: of a process that deregisters, or that is gone."""
        received = b""
        with contextlib.suppress(OSError):
            received = connection.recv(1024)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        connection.close()
        if received == DEREGISTER:
            self._forget(descriptor)
        elif self._polls:
            self._handle_lost(descriptor)
        # Otherwise the process's descriptor shows when it is gone; a zombie still answers to
        # signals.

    def _handle_lost(self, descriptor: int) -> None:
        """Reclaim the messages of a process that is gone."""
        registration = self._registrations.get(descriptor)
        if registration is None:
            return
        if self._reclaim(registration):
            self._forget(descriptor)
        else:
            # Its descriptor stays readable: it is tried again.
            time.sleep(POLL_PERIOD)

    def _reclaim(self, registration: Registration) -> bool:
        """Take the claims of a dead process away; returns whether the store could be reached."""
        try:
            reclaimed = self._engines[registration.store].reclaim(registration.worker)
        except OperationalError as error:
            logger.warning("%s; the claims of %s are reclaimed later", error, registration.worker)
            return False
        self.losses = self.losses.plus(reclaimed or 0)
        if reclaimed:
            logger.warning(
                "worker lost: process %d is gone, %s reclaimed",
                registration.process,
                counted(reclaimed, "task"),
            )
        return True

    def _forget(self, descriptor: int) -> None:
        registration = self._registrations.pop(descriptor, None)
        if registration is None:
            return
        remove_deadlines(registration.process)
        if not self._polls:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
            with contextlib.suppress(OSError):
                os.close(descriptor)

    # -- deadlines

    def _kill_if_timed_out(self, registration: Registration) -> None:
        """Kill a process that should have ended a task and did not: it executes no Python code."""
        last = time.monotonic() - DEADLINE_GRACE
        timed_out = [found for found in read_deadlines(registration.process) if found.at < last]
        engine = self._engines[registration.store]
        try:
            for found in timed_out:
                # Before the process is gone: the next worker with the message must not run it.
                if engine.mark_timed_out(registration.worker, found.key, found.token):
                    logger.error(
                        "task %s is over its hard time limit, and process %d cannot end it: killed",
                        found.key.partition("\n")[0],
                        registration.process,
                    )
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(registration.process, signal.SIGKILL)
        except OperationalError as error:
            logger.warning("%s; a timed out task is ended later", error)

    # -- leases

    def _renew(self) -> None:
        shortest = EngineRules().lease
        for store, engine in self._engines.items():
            workers = [held.worker for held in self._registrations.values() if held.store == store]
            lease = engine.rules.lease
            shortest = min(shortest, lease)
            self.losses = renew_leases(engine, workers, lease, self.losses)
        self._renew_at = time.monotonic() + shortest / 1000 / RENEWALS_PER_LEASE


def renew_leases(
    engine: Engine, workers: list[str], lease: int, losses: Losses = NO_LOSSES
) -> Losses:
    """Renew leases; reclaim messages of workers whose lease expired, and fail abandoned chords.

    Args:
        engine: The engine.
        workers: Whose leases.
        lease: How long they last, milliseconds.
        losses: Those before.

    Returns:
        The losses, with the workers whose lease had expired.
    """
    try:
        for expired in engine.renew(workers, lease):
            reclaimed = engine.reclaim(expired, only_expired=True)
            if reclaimed is not None:
                losses = losses.plus(reclaimed)
            if reclaimed:
                logger.warning(
                    "lease expired: worker %s, %s reclaimed", expired, counted(reclaimed, "task")
                )
        for chord_id in engine.reap_chords():
            logger.warning(
                "chord %s ends as FAILURE: its caller was lost while it sent the header", chord_id
            )
    except OperationalError as error:
        logger.warning("leases could not be renewed: %s", error)
    return losses


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def lease_renewer_thread(address: Path) -> Generator[LeaseRenewer | None]:
    """Run a lease renewer in a thread of the supervisor; it ends with the last worker process.

    Yields:
        The lease renewer; None: it cannot listen at the address.
    """
    try:
        lease_renewer = LeaseRenewer(address)
    except OSError as error:
        logger.warning(
            "the lease renewer cannot listen at %s (%s): a lost process is noticed only when its "
            "lease expires; set TMPDIR to a directory of your own with a short path",
            address,
            error.strerror or error,
        )
        yield None
        return
    over = threading.Event()

    def loop() -> None:
        while lease_renewer.has_registrations or not over.is_set():
            lease_renewer.step(PERIOD)

    thread = threading.Thread(target=loop, name="taskhub-lease_renewer", daemon=True)
    thread.start()
    try:
        yield lease_renewer
    finally:
        over.set()
        thread.join(GRACE)
        if not thread.is_alive():
            lease_renewer.close()


def run_lease_renewer() -> int:
    """Run the lease renewer of the parent's worker processes: a fork of Dramatiq's command line.

    Returns:
        The exit code.
    """
    try:
        lease_renewer = LeaseRenewer(address_for(os.getppid()))
    except DirectoryRefused as error:
        logger.critical("%s", error)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: lease_renewer.stop())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: lease_renewer.stop())
    lease_renewer.run()
    return 0
