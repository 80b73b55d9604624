"""The supervisor: keeps processes running, watches their leases, and stops them in good order.

It imports no code of users, so nothing that they write can bring it down.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskhub.worker.child import Child, Program
from taskhub.worker.keeper import ADDRESS_VARIABLE, Keeper, address_for
from taskhub.worker.link import Report
from taskhub.worker.restarting import History

logger = logging.getLogger(__name__)

#: How often to look around even if nothing happens, seconds.
LOOK_EVERY = 0.5
#: Ends in a row before any process was ever ready, after which there is no use in going on.
FAILED_STARTS = 3
#: Beyond their own deadline, processes have so long to give back what they hold, seconds.
GRACE = 15.0
#: After the second signal they have so long, seconds.
SHORT_GRACE = 3.0
#: The keeper has so long to give back what killed processes held, seconds.
KEEPER_GRACE = 5.0

_WARM = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_COLD = (signal.SIGQUIT,)


class Supervisor:
    """Runs one process for each program until a signal, or until they cannot be started.

    Parameters:
      programs: what to run.
      shutdown_timeout: seconds that processes may take to finish their tasks when asked to stop.
      on_ready: called once with the facts that each program told, in their order, when all are ready.
      on_stopping: called when the first signal arrives.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        shutdown_timeout: float,
        on_ready: Callable[[list[dict[str, Any]]], object],
        on_stopping: Callable[[], object] = lambda: None,
    ) -> None:
        self._programs = list(programs)
        self._shutdown_timeout = shutdown_timeout
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._selector = selectors.DefaultSelector()
        self._children: list[Child] = []
        self._histories = {program: History() for program in self._programs}
        #: When to start a program again.
        self._due: dict[Program, float] = {}
        self._facts: dict[Program, dict[str, Any]] = {}
        self._environment: dict[str, str] = {}
        self._announced = False
        self._signals = 0
        self._kill_at: float | None = None
        self._exit_code = 0
        #: How many tasks were not finished but given back.
        self.given_back = 0
        #: Why nothing could be started.
        self.failure: Report | None = None

    def run(self) -> int:
        """Run until told to stop; returns the exit code."""
        address = address_for(os.getpid())
        self._environment = {**os.environ, ADDRESS_VARIABLE: str(address)}
        with _keeping(address), self._signals_handled():
            for program in self._programs:
                self._start(program)
            while self._children or self._due:
                self._wait()
                self._hear()
                self._bury()
                self._start_due()
                self._kill_late()
        self._selector.close()
        return self._exit_code

    def stop(self) -> None:
        """Ask the processes to finish their tasks and end; asked again, to end at once."""
        self._signals += 1
        if self._signals == 1:
            self._kill_at = time.monotonic() + self._shutdown_timeout + GRACE
            self._on_stopping()
        elif self._signals == 2:
            self._kill_at = time.monotonic() + SHORT_GRACE
            self._exit_code = self._exit_code or 1
        number = signal.SIGTERM if self._signals <= 2 else signal.SIGKILL
        for child in list(self._children):
            child.send(number)

    # -- signals

    @contextmanager
    def _signals_handled(self) -> Generator[None]:
        # A signal ends the wait of the main loop by a byte on this socket.
        inner, outer = socket.socketpair()
        inner.setblocking(False)
        outer.setblocking(False)
        self._selector.register(inner, selectors.EVENT_READ)
        handled = {number: signal.getsignal(number) for number in (*_WARM, *_COLD)}
        before = {
            number: was
            for number, was in handled.items()
            # Under nohup, a hangup stays ignored. SIGINT is heeded even where a shell's `&` ignored it.
            if not (number == signal.SIGHUP and was == signal.SIG_IGN)
        }
        wakeup = signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
        for number in before:
            signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)
            inner.close()
            outer.close()

    def _on_signal(self, number: int, frame: object) -> None:
        if number in _COLD and self._signals == 0:
            self.stop()
        self.stop()

    @property
    def _stopping(self) -> bool:
        return self._signals > 0

    # -- the loop

    def _start(self, program: Program) -> None:
        child = Child(program, self._environment)
        self._children.append(child)
        self._selector.register(child.link, selectors.EVENT_READ, child)
        if self._stopping:
            # The signal came while it was being started.
            child.send(signal.SIGTERM)

    def _wait(self) -> None:
        now = time.monotonic()
        moments = [now + LOOK_EVERY, *self._due.values()]
        for key, _ in self._selector.select(max(0.0, min(moments) - now)):
            if isinstance(key.fileobj, socket.socket) and key.data is None:
                # The byte of a signal; its handler has run.
                key.fileobj.recv(4096)

    def _hear(self) -> None:
        for child in self._children:
            for report in child.reports():
                self._take(child, report)

    def _take(self, child: Child, report: Report) -> None:
        if report.kind == "ready":
            self._facts[child.program] = report.facts
            if not self._announced and len(self._facts) == len(self._programs):
                self._announced = True
                self._on_ready([self._facts[program] for program in self._programs])
        elif report.kind == "stopped":
            self.given_back += report.facts.get("given_back", 0)

    def _bury(self) -> None:
        for child in [child for child in self._children if child.has_ended]:
            # Its last words may have arrived after we listened.
            for report in child.reports():
                self._take(child, report)
            self._children.remove(child)
            self._selector.unregister(child.link)
            child.close()
            if not self._stopping:
                self._ended(child)
            elif child.process.returncode not in (0, -signal.SIGTERM):
                self._exit_code = self._exit_code or 1

    def _ended(self, child: Child) -> None:
        program = child.program
        history = self._histories[program] = self._histories[program].after(child.ran)
        failure = child.failure
        if not self._facts and (failure is not None or history.early_ends >= FAILED_STARTS):
            self._give_up(child, failure)
            return
        what = f"{program.name} (process {child.process.pid}) {child.how_it_ended()}"
        if failure is not None:
            what = f"{program.name} cannot start: {failure.message}"
        when = f"in {history.pause:g} s" if history.pause else "now"
        logger.error("%s; it is started again %s", what, when)
        self._due[program] = time.monotonic() + history.pause

    def _give_up(self, child: Child, failure: Report | None) -> None:
        """Nothing has worked so far, and nothing will."""
        self._due.clear()
        if failure is None:
            self._exit_code = 1
            logger.critical(
                "%s %s before it was ready, %d times in a row: given up",
                child.program.name,
                child.how_it_ended(),
                FAILED_STARTS,
            )
        else:
            self.failure = failure
            self._exit_code = failure.exit_code or 1
        # The others have the same trouble, and must not tell of it, too.
        self._signals = 2
        self._kill_at = time.monotonic() + SHORT_GRACE
        for other in self._children:
            other.send(signal.SIGKILL)

    def _start_due(self) -> None:
        if self._stopping:
            self._due.clear()
        now = time.monotonic()
        for program in [program for program, at in self._due.items() if at <= now]:
            del self._due[program]
            self._start(program)

    def _kill_late(self) -> None:
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            for child in self._children:
                logger.error("%s does not end; it is killed", child.program.name)
                child.send(signal.SIGKILL)
            self._kill_at = time.monotonic() + SHORT_GRACE


@contextmanager
def _keeping(address: Path) -> Generator[None]:
    """Watch over leases in a thread; it ends when no worker process is left."""
    try:
        keeper = Keeper(address)
    except OSError as error:
        logger.warning(
            "the keeper cannot listen at %s (%s): a lost process is noticed only when its lease runs "
            "out; set TMPDIR to a directory of your own with a short path",
            address,
            error.strerror or error,
        )
        yield
        return
    over = threading.Event()

    def keep() -> None:
        while keeper.keeps or not over.is_set():
            keeper.watch(LOOK_EVERY)

    thread = threading.Thread(target=keep, name="taskhub-keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(KEEPER_GRACE)
        if not thread.is_alive():
            keeper.close()
