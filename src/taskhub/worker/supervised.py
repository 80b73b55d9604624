"""What code in a worker process may ask of its supervisor: another process in its place, more or fewer
processes, a reload, an end.

Whoever runs in a worker finds it with `supervision()`; under Dramatiq's command line there is none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from taskhub.worker.link import Link, Report

#: `grow`, `shrink` take `number`; `autoscale` takes `most` and `least`; `reload` and `stop` take nothing.
Verb = Literal["grow", "shrink", "autoscale", "reload", "stop"]


@dataclass(frozen=True)
class PoolState:
    """The processes of a worker, as the supervisor last told."""

    #: Process ids of those that work, in the order of their numbers.
    processes: tuple[int, ...] = ()
    #: The bounds between which their number follows the backlog; None: it does not.
    most: int | None = None
    least: int | None = None

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> PoolState:
        """Read what the supervisor told."""
        return cls(tuple(facts["processes"]), facts.get("most"), facts.get("least"))


class Supervision:
    """A worker process's way to its supervisor; any thread may use it.

    Parameters:
      link: where the supervisor listens.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._replacement_asked = False
        #: Threads that will not come back; nobody waits for them when the process ends.
        self.abandoned: set[threading.Thread] = set()
        #: How many messages are in hand that will never end here.
        self.lost = 0
        self.pool = PoolState()

    def ask_for_replacement(
        self, reason: str, *, abandoned: Iterable[threading.Thread] = (), lost: int = 0
    ) -> None:
        """Have another process started in place of this one; asking again changes nothing.

        This one goes on until the new one is ready. Then it claims nothing more, finishes what runs, however long that
        takes, gives the rest back, and ends.

        Parameters:
          reason: why, for the log, e.g. "it has run 100 tasks".
          abandoned: threads that are stuck, or dead.
          lost: how many messages these have in hand whose end was not given to the courier. They are given back when
            everything else has ended.
        """
        with self._lock:
            self.abandoned.update(abandoned)
            self.lost += lost
            asked, self._replacement_asked = self._replacement_asked, True
        if not asked:
            self._link.tell(Report("replace", reason))

    def request(self, verb: Verb, *, ticket: str, **arguments: int) -> None:
        """Ask for something that concerns the whole worker.

        Parameters:
          verb: what.
          ticket: names the request: of those with one ticket, which several processes may pass on, one is heeded.
          arguments: see `Verb`.
        """
        facts: dict[str, Any] = {"ticket": ticket, **arguments}
        self._link.tell(Report("request", verb, facts=facts))


_supervision: Supervision | None = None


def supervision() -> Supervision | None:
    """Return this process's way to its supervisor; None: it has none."""
    return _supervision


def begin(link: Link) -> Supervision:
    """Note that this process has a supervisor."""
    global _supervision
    _supervision = Supervision(link)
    return _supervision
