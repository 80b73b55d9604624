"""The scheduler process: leads, or stands by until it can."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from signal import SIGINT, SIGTERM, signal
from types import FrameType
from typing import TYPE_CHECKING, Any

from taskhub import signals
from taskhub.app.relays import RelayThreads
from taskhub.config.urls import mask_url
from taskhub.exceptions import OperationalError
from taskhub.humanize import counted
from taskhub.schedules.entry import Entry
from taskhub.schedules.leader import Held, Leader, NotLeading
from taskhub_scheduler.clock import StoreClock
from taskhub_scheduler.jobs import Jobs

if TYPE_CHECKING:
    from taskhub import Celery

logger = logging.getLogger("taskhub.scheduler")

#: How often the leadership is renewed, or tried for, seconds. Several times within a lease.
TURN = 1.0
#: When an entry is called for again that could not be sent: the store was out of reach, or its call
#: cannot be made.
RETRY_STORE = timedelta(seconds=1)
RETRY_HELD = timedelta(seconds=10)
#: When the store's clock, or the host's, has moved so far, all jobs are looked at anew.
DRIFT = timedelta(milliseconds=100)
#: So far they do not move by themselves: one of them has been set.
JUMP = timedelta(seconds=1)


class Scheduler:
    """One of any number of schedulers of an app.

    Args:
        embedded: It belongs to a worker (Celery's `-B`), and receivers of `beat_embedded_init` hear
            of it.
        lease: How long it leads without renewing that; None: the setting `scheduler_lease`.
        on_leading: Called whenever it begins to lead, with the number of entries.
        on_turn: Called after each turn, about once a second.
    """

    def __init__(
        self,
        app: Celery,
        *,
        embedded: bool = False,
        lease: timedelta | None = None,
        clock: StoreClock | None = None,
        on_leading: Callable[[int], object] = lambda entries: None,
        on_turn: Callable[[], object] = lambda: None,
    ) -> None:
        self._app = app
        self._embedded = embedded
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._clock = clock or StoreClock()
        lease = lease or _duration(app.conf.scheduler_lease)
        self._turn = min(TURN, lease.total_seconds() / 4)
        self._leader = Leader(app, self.name, lease, _duration(app.conf.scheduler_grace))
        self._on_leading = on_leading
        self._on_turn = on_turn
        self._stopping = threading.Event()
        self._entries: dict[str, Entry] = {}
        #: Token and version with which the entries were read.
        self._read_with = (0, -1)
        self._jobs: Jobs | None = None
        #: How the clocks stood to each other when the jobs were looked at last.
        self._position = self._clock.position
        self._notifier: Any = None
        self._notified_as_leader: bool | None = None
        self._out_of_reach = False
        #: What was logged, by entry: each problem is logged once, until it is solved.
        self._logged: dict[str, str] = {}

    # -- life

    def run(self) -> None:
        """Run until `stop`.

        Raises:
            OperationalError: The store is out of reach at the start, and the setting
                `broker_connection_retry_on_startup` is not true.
        """
        signals.beat_init.send(sender=self)
        if self._embedded:
            signals.beat_embedded_init.send(sender=self)
        conf = self._app.conf
        patient = conf.value_set_for("broker_connection_retry_on_startup")
        if not (patient and conf.broker_connection_retry_on_startup):
            self._app.engine.ping()
        # One of these leads by itself, whichever scheduler leads.
        relays = RelayThreads(self._app)
        relays.start()
        try:
            while not self._stopping.is_set():
                self.turn()
                self._on_turn()
                self._wait()
        finally:
            try:
                self._end()
            finally:
                relays.stop(conf.scheduler_lease)

    def stop(self) -> None:
        """Let `run` end: what is being sent is sent, and somebody else leads at once."""
        self._stopping.set()
        notifier = self._notifier
        if notifier is not None:
            notifier.interrupt()

    def handle_signals(self) -> None:
        """Stop on SIGTERM and SIGINT."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            self.stop()

        for number in (SIGTERM, SIGINT):
            signal(number, on_signal)

    @property
    def leads(self) -> bool:
        """Whether it leads, as far as it knows."""
        return self._jobs is not None

    def turn(self) -> None:
        """Renew the leadership, or try for it, and take over what has changed."""
        sent_at = self._clock.steady()
        try:
            found = self._leader.lead()
            self._clock.set(found.now, sent_at)
            if not found.token:
                self._stand_by(found.holder)
            elif self._jobs is None or self._read_with != (found.token, found.version):
                self._load(found.token)
            else:
                self._check_clocks(self._jobs)
        except OperationalError as error:
            self._log_out_of_reach(error)
            return
        if self._out_of_reach:
            self._out_of_reach = False
            logger.info("the store is back")
            if self._jobs is not None:
                self._jobs.again_all()

    # -- leading

    def _load(self, token: int) -> None:
        version, merged = self._leader.load()
        began = self._jobs is None
        if self._jobs is None:
            self._jobs = Jobs(self._clock, self._fire, self._leader.last)
            self._position = self._clock.position
            self._use_notifier(leading=True)
        self._entries, self._read_with = merged.entries, (token, version)
        troubles = {**merged.problems, **self._leader.unknown_tasks(merged.entries)}
        for name in self._logged.keys() - troubles.keys():
            self._logged.pop(name, None)
        for name, line in troubles.items():
            self._log_once(name, line)
        self._jobs.replace(merged.entries)
        if began:
            logger.info(
                "%s leads, with %s", self.name, counted(len(merged.entries), "entry", "entries")
            )
            self._on_leading(len(merged.entries))
        else:
            logger.info("the entries have changed: %d", len(merged.entries))

    def _stand_by(self, holder: str) -> None:
        if self._jobs is not None:
            logger.warning("%s leads now; standing by", holder)
            self._jobs.stop(wait=False)
            self._jobs = None
        if self._logged.get("") != holder:
            self._logged[""] = holder
            logger.info("standing by: %s leads", holder)
        self._use_notifier(leading=False)

    def _check_clocks(self, jobs: Jobs) -> None:
        """Fire all jobs anew when one of the clocks was set, or they have drifted apart."""
        moved = self._clock.position.moved(self._position)
        if moved > JUMP:
            logger.warning("a clock was set by %s: the store's time counts", moved)
        if moved > DRIFT:
            self._position = self._clock.position
            jobs.again_all()

    def _fire(self, name: str) -> timedelta | None:
        """Fire an entry, in a thread of the jobs; returns the longest pause until the next time."""
        entry = self._entries.get(name)
        try:
            return None if entry is None else self._fire_due(entry)
        except NotLeading:
            # The next turn finds out who does.
            return None
        except Held as held:
            self._log_once(name, str(held))
            return RETRY_HELD
        except OperationalError as error:
            self._log_out_of_reach(error)
            return RETRY_STORE
        except Exception as error:
            # A schedule of the user's own may fail: the others go on.
            self._log_once(name, f"entry {name!r} fails: {type(error).__name__}: {error}")
            return RETRY_HELD

    def _fire_due(self, entry: Entry) -> timedelta | None:
        name = entry.name
        sent = self._leader.fire(entry, self._clock.now())
        for fire, task_id, fire_result in sent:
            logger.info(
                "%s (%s) of %s: %s %s", name, entry.task, fire.isoformat(), fire_result, task_id
            )
        if sent and name not in self._leader.unknown_tasks({name: entry}):
            self._logged.pop(name, None)
        following = self._leader.next(entry)
        if following is None:
            return None
        return max(timedelta(0), following - entry.present(self._clock.now()))

    # -- waiting and stopping

    def _wait(self) -> None:
        notifier = self._notifier
        if self._stopping.is_set():
            return
        if notifier is None:
            self._stopping.wait(self._turn)
            return
        try:
            notifier.wait(self._turn)
        except OperationalError as error:
            self._log_out_of_reach(error)
            self._stopping.wait(self._turn)

    def _use_notifier(self, *, leading: bool) -> None:
        if self._notified_as_leader == leading:
            return
        if self._notifier is not None:
            self._notifier.close()
        self._notifier, self._notified_as_leader = self._leader.notifier(leading=leading), leading

    def _end(self) -> None:
        if self._jobs is not None:
            self._jobs.stop(wait=True)
            self._jobs = None
        try:
            self._leader.resign()
        except OperationalError:
            logger.warning(
                "the store is out of reach: another scheduler leads when the lease is over"
            )
        if self._notifier is not None:
            self._notifier.close()

    def _log_once(self, name: str, line: str) -> None:
        if self._logged.get(name) != line:
            self._logged[name] = line
            logger.error("%s", line)

    def _log_out_of_reach(self, error: OperationalError) -> None:
        if not self._out_of_reach:
            self._out_of_reach = True
            logger.error("%s; trying again, fire times are made up for", mask_url(str(error)))


def _duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)
