"""The keeper: renews the leases of worker processes from outside, and sees at once when one is gone.

A task that holds the interpreter's lock for minutes does not stop another process from renewing. The keeper runs as a
fork of Dramatiq's command line, or inside the supervisor of `taskhub worker`; worker processes make themselves known
to it on a socket (see `taskhub.worker.lease`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskhub.config.urls import StoreURL
from taskhub.engine.port import Engine
from taskhub.engine.rules import EngineRules
from taskhub.exceptions import OperationalError
from taskhub.worker.limits import deadlines

logger = logging.getLogger(__name__)

#: The address of the keeper, when it is not found by the parent's process id.
ADDRESS_VARIABLE = "TASKHUB_KEEPER"
#: What the keeper answers to a registration.
KEPT = b"kept\n"
#: What a worker process says before it ends by itself.
GOODBYE = b"bye\n"
#: Leases are renewed so many times before they could run out.
RENEWALS_PER_LEASE = 3
#: Look this often for tasks that should have been ended, seconds.
DEADLINES_EVERY = 0.5
#: A process has so long to end an overdue task by itself before it is taken for unable to, seconds.
DEADLINE_GRACE = 2.0
#: Where there is no pidfd (other systems than Linux), look for dead processes this often, seconds.
LOOK_EVERY = 0.2


def address_for(parent: int) -> Path:
    """Return the address of the keeper of the worker processes that this parent started."""
    return deadlines.directory() / f"keeper-{parent}.sock"


@dataclass(frozen=True)
class Registration:
    """What a worker process tells its keeper."""

    worker: str
    process: int
    #: The fields of the stores' URLs, and their transport options.
    broker: dict[str, Any]
    results: dict[str, Any]
    rules: dict[str, Any]

    @classmethod
    def from_json(cls, text: str) -> Registration:
        """Read what a worker sent.

        Raises:
          ValueError, TypeError: it is something else.
        """
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """Return the text to send."""
        return json.dumps(vars(self))

    def engine(self) -> Engine:
        """Return an engine on the worker's stores."""
        from taskhub.engine.redis.engine import RedisEngine

        return RedisEngine(
            _url(self.broker["url"]),
            _url(self.results["url"]),
            rules=EngineRules(**self.rules),
            client_name="taskhub-keeper",
            broker_options=self.broker["options"],
            results_options=self.results["options"],
        )

    @property
    def store(self) -> str:
        """What workers with the same engine have in common."""
        return json.dumps([self.broker, self.results, self.rules], sort_keys=True)


class Keeper:
    """Watches the worker processes that register on a socket."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self._selector = selectors.DefaultSelector()
        self._registrations: dict[int, Registration] = {}
        self._engines: dict[str, Engine] = {}
        self._renew_at = 0.0
        self._look_for_overdue_at = 0.0
        self._stopping = False
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
    def keeps(self) -> bool:
        """Whether any worker process is registered."""
        return bool(self._registrations)

    def run(self) -> None:
        """Watch until stopped."""
        parent = os.getppid()
        try:
            while self._registrations or not (self._stopping or os.getppid() != parent):
                self.watch(0.5)
        finally:
            self.close()

    def watch(self, timeout: float) -> None:
        """Do what is to be done within the next `timeout` seconds."""
        pause = min(timeout, DEADLINES_EVERY) if self._registrations else timeout
        for key, _ in self._selector.select(min(pause, LOOK_EVERY) if self._must_look else pause):
            key.data(key.fileobj)
        if self._must_look:
            for descriptor in [
                found for found, held in self._registrations.items() if not _lives(held.process)
            ]:
                self._lost(descriptor)
        if time.monotonic() >= self._renew_at:
            self._renew()
        if time.monotonic() >= self._look_for_overdue_at:
            self._look_for_overdue_at = time.monotonic() + DEADLINES_EVERY
            for registration in list(self._registrations.values()):
                self._end_overdue(registration)

    def close(self) -> None:
        """Stop listening."""
        self._selector.close()
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.address.unlink()
        for engine in self._engines.values():
            engine.close()

    @property
    def _must_look(self) -> bool:
        return not hasattr(os, "pidfd_open")

    # -- looking, from other threads

    def held_by(self, process: int) -> int | None:
        """Return how many messages a process holds, as the store says; None: that is not known.

        Raises:
          OperationalError: the store is out of reach.
        """
        for registration in list(self._registrations.values()):
            if registration.process == process:
                return len(self._engines[registration.store].held(registration.worker))
        return None

    @property
    def any_engine(self) -> Engine | None:
        """The engine of some registered process, usually of all; None: there was none yet."""
        return next(iter(list(self._engines.values())), None)

    def waiting(self, queues: Collection[str]) -> int | None:
        """Return how many messages are ready in some queues; None: no worker process has told where they are.

        Raises:
          OperationalError: the store is out of reach.
        """
        for engine in list(self._engines.values()):
            return sum(counts.ready for name, counts in engine.queues().items() if name in queues)
        return None

    # -- workers come and go

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(2.0)
        try:
            text = connection.makefile("r", encoding="utf-8").readline()
            registration = Registration.from_json(text)
            if registration.store not in self._engines:
                self._engines[registration.store] = registration.engine()
        except (ValueError, TypeError, OSError) as error:
            logger.warning("a registration could not be read: %s", error)
            connection.close()
            return
        # The process may have been killed since it registered; then its descriptor tells, or that there is none.
        with contextlib.suppress(OSError):
            connection.sendall(KEPT)
        try:
            descriptor = self._descriptor(registration.process, connection)
        except ProcessLookupError:
            connection.close()
            self._release(registration)
            return
        self._registrations[descriptor] = registration
        self._selector.register(
            connection, selectors.EVENT_READ, lambda _: self._left(descriptor, connection)
        )
        connection.setblocking(False)
        self._renew_at = 0.0

    def _descriptor(self, process: int, connection: socket.socket) -> int:
        """Return what stands for a process: on Linux a descriptor that tells when it ends."""
        if self._must_look:
            return connection.fileno()
        descriptor = os.pidfd_open(process)
        self._selector.register(descriptor, selectors.EVENT_READ, lambda _: self._lost(descriptor))
        return descriptor

    def _left(self, descriptor: int, connection: socket.socket) -> None:
        """The connection spoke or ended: with a good-bye by a clean end, without by the end of the process."""
        said = b""
        with contextlib.suppress(OSError):
            said = connection.recv(1024)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        connection.close()
        if said == GOODBYE:
            self._forget(descriptor)
        elif self._must_look:
            self._lost(descriptor)
        # Otherwise the process's descriptor tells when it is gone; a zombie still answers to signals.

    def _lost(self, descriptor: int) -> None:
        """The process is gone: its messages go back at once."""
        registration = self._registrations.get(descriptor)
        if registration is None:
            return
        if self._release(registration):
            self._forget(descriptor)
        else:
            # Its descriptor tells again.
            time.sleep(0.2)

    def _release(self, registration: Registration) -> bool:
        """Take the claims of a dead process away; returns whether the store could be reached."""
        try:
            released = self._engines[registration.store].release(registration.worker)
        except OperationalError as error:
            logger.warning("%s; what %s held comes back later", error, registration.worker)
            return False
        if released:
            logger.warning(
                "worker process %d is gone: %d of its tasks go back to their queues",
                registration.process,
                released,
            )
        return True

    def _forget(self, descriptor: int) -> None:
        registration = self._registrations.pop(descriptor, None)
        if registration is not None:
            deadlines.forget(registration.process)
        if registration is not None and not self._must_look:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
            with contextlib.suppress(OSError):
                os.close(descriptor)

    # -- deadlines

    def _end_overdue(self, registration: Registration) -> None:
        """Kill a process that should have ended a task and did not: it executes no Python code any more."""
        last = time.monotonic() - DEADLINE_GRACE
        overdue = [
            found for found in deadlines.deadlines_of(registration.process) if found.at < last
        ]
        engine = self._engines[registration.store]
        try:
            for found in overdue:
                # Before the process is gone: whoever finds the message then must not run it again.
                if engine.condemn(registration.worker, found.key, found.token):
                    logger.error(
                        "task %s is over its hard time limit, and process %d cannot end it: killed",
                        found.key.partition("\n")[0],
                        registration.process,
                    )
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(registration.process, signal.SIGKILL)
        except OperationalError as error:
            logger.warning("%s; an overdue task is ended later", error)

    # -- leases

    def _renew(self) -> None:
        shortest = EngineRules().lease
        for store, engine in self._engines.items():
            workers = [held.worker for held in self._registrations.values() if held.store == store]
            lease = engine.rules.lease
            shortest = min(shortest, lease)
            renew_leases(engine, workers, lease)
        self._renew_at = time.monotonic() + shortest / 1000 / RENEWALS_PER_LEASE


def renew_leases(engine: Engine, workers: list[str], lease: int) -> None:
    """Renew leases, and take the claims of workers whose lease has run out away."""
    try:
        for expired in engine.renew(workers, lease):
            released = engine.release(expired, only_expired=True)
            if released:
                logger.warning(
                    "worker %s was not heard of: %d of its tasks go back to their queues",
                    expired,
                    released,
                )
    except OperationalError as error:
        logger.warning("leases could not be renewed: %s", error)


def _url(fields: dict[str, Any]) -> StoreURL:
    values = dict(fields)
    values["addresses"] = tuple((host, port) for host, port in fields["addresses"])
    return StoreURL(**values)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main() -> int:
    """Keep the worker processes of the parent that forked this one; for Dramatiq's command line."""
    keeper = Keeper(address_for(os.getppid()))
    signal.signal(signal.SIGTERM, lambda *_: keeper.stop())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: keeper.stop())
    keeper.run()
    return 0
