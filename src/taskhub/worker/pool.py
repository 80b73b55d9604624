"""The processes of a worker: which places there are, who serves in each, and who takes over from whom."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable

from taskhub.worker.child import Child
from taskhub.worker.link import Order, Report
from taskhub.worker.restarting import FAILED_STARTS, REPLACE_ME, History

logger = logging.getLogger(__name__)


class Place:
    """The place of one process, whoever serves in it."""

    def __init__(self, number: int) -> None:
        self.number = number
        #: Who serves, or starts to.
        self.child: Child | None = None
        #: Who is being started to take over; the other one goes on until this one is ready.
        self.successor: Child | None = None
        self.history = History()
        #: When to start a process here, a first one or a successor.
        self.due: float | None = time.monotonic()
        #: Whether its process runs code from before a reload.
        self.outdated = False


class Pool:
    """Keeps so many processes running, and replaces them without a gap.

    Parameters:
      start: starts a process for the place with this number.
      size: how many places there are at first.
    """

    def __init__(self, start: Callable[[int], Child], size: int) -> None:
        self._start = start
        self.places = [Place(number) for number in range(1, size + 1)]
        #: Processes that finish what they have begun, and end.
        self.retiring: list[Child] = []
        #: Whether any process ever worked.
        self.ever_ready = False
        #: The end of a process after which there is no use in going on; what it told of its failure, if it did.
        self.hopeless: Child | None = None

    # -- looking

    @property
    def children(self) -> list[Child]:
        """All processes."""
        found = [child for place in self.places for child in (place.child, place.successor)]
        return [child for child in found if child is not None] + self.retiring

    @property
    def working(self) -> list[Child]:
        """The processes that serve, by their numbers."""
        return [
            place.child for place in self.places if place.child is not None and place.child.is_ready
        ]

    @property
    def size(self) -> int:
        """How many processes there should be."""
        return len(self.places)

    @property
    def next_due(self) -> float | None:
        """When the next process is to be started (`time.monotonic`)."""
        return min((place.due for place in self.places if place.due is not None), default=None)

    # -- changing

    def tick(self) -> None:
        """Start what is due."""
        now = time.monotonic()
        for place in self.places:
            if place.due is None or place.due > now:
                continue
            place.due = None
            if place.child is None:
                place.child = self._start(place.number)
            elif place.successor is None:
                place.successor = self._start(place.number)
        # A reload goes from place to place: twice the memory for all of them at once might be too much.
        if not any(place.successor or place.due is not None for place in self.places):
            for place in self.places:
                if place.outdated:
                    place.due = now
                    break

    def forget_starts(self) -> None:
        """Start nothing more."""
        for place in self.places:
            place.due, place.outdated = None, False

    def resize(self, size: int) -> None:
        """Change how many processes there are; those with the least in hand go first, and finish it."""
        while len(self.places) > size:
            place = min(self.places, key=_worth)
            self.places.remove(place)
            for child in (place.child, place.successor):
                if child is not None:
                    self._retire(child)
        taken = {place.number for place in self.places}
        for number in range(1, size + 1):
            if len(self.places) < size and number not in taken:
                self.places.append(Place(number))
        self.places.sort(key=lambda place: place.number)

    def reload(self) -> None:
        """Replace every process, one after another, by one that has read the code afresh."""
        for place in self.places:
            place.outdated = place.child is not None

    def _retire(self, child: Child) -> None:
        self.retiring.append(child)
        if child.is_ready:
            child.order(Order("retire"))
        else:
            child.send(signal.SIGTERM)

    def _place_of(self, child: Child) -> Place | None:
        for place in self.places:
            if child in (place.child, place.successor):
                return place
        return None

    # -- what happens to processes

    def is_ready(self, child: Child) -> None:
        """A process works now; whom it takes over from may retire."""
        self.ever_ready = True
        logger.info("%s is ready", child)
        place = self._place_of(child)
        if place is None:
            # It was retired while it started.
            child.order(Order("retire"))
        elif place.successor is child:
            before, place.child, place.successor = place.child, child, None
            place.outdated = False
            logger.info("%s takes over from process %s", child, _pid(before))
            if before is not None:
                self._retire(before)

    def is_to_be_replaced(self, child: Child, report: Report) -> None:
        """A process has asked for another one in its place."""
        place = self._place_of(child)
        if place is None or place.child is not child:
            return
        logger.info("%s is being replaced: %s", child, report.message)
        if place.successor is None and place.due is None:
            place.due = time.monotonic()

    def has_ended(self, child: Child, *, restart: bool) -> None:
        """A process is gone; unless everything is being stopped, another one is to `restart` in its place."""
        if child in self.retiring:
            self.retiring.remove(child)
            if child.process.returncode not in (0, -signal.SIGTERM):
                logger.warning("%s, which was to be replaced, %s", child, child.how_it_ended())
            return
        place = self._place_of(child)
        assert place is not None
        if not restart:
            if place.successor is child:
                place.successor = None
            else:
                place.child = None
        elif place.successor is child:
            place.successor = None
            self._successor_failed(place, child)
        else:
            place.child, place.successor, place.outdated = place.successor, None, False
            if place.child is None:
                self._server_ended(place, child)
            else:
                logger.error("%s %s; its successor is being started", child, child.how_it_ended())

    def _server_ended(self, place: Place, child: Child) -> None:
        if child.is_ready and child.process.returncode == REPLACE_ME:
            # It has noticed by itself what was wrong, and would have worked on otherwise.
            logger.error("%s asked to be replaced; it is started again now", child)
            place.due = time.monotonic()
            return
        place.history = place.history.after(child.ran)
        failure = child.failure
        if not self.ever_ready and (
            failure is not None or place.history.early_ends >= FAILED_STARTS
        ):
            self.hopeless = child
            return
        self._start_again(place, child, "it is started again")

    def _successor_failed(self, place: Place, child: Child) -> None:
        place.history = place.history.after(child.ran)
        if place.outdated:
            logger.error(
                "%s; the reload is given up, and the processes that run go on", _failed(child)
            )
            for other in self.places:
                other.outdated = False
            return
        self._start_again(place, child, "the one before it goes on, and it is tried again")

    def _start_again(self, place: Place, child: Child, what: str) -> None:
        pause = place.history.pause
        when = f"in {pause:g} s" if pause else "now"
        logger.error("%s; %s %s", _failed(child), what, when)
        place.due = time.monotonic() + pause


def _worth(place: Place) -> tuple[bool, int, int]:
    """Return by what places are kept when there are to be fewer: those whose process works, and has much in hand."""
    child = place.child
    return child is not None and child.is_ready, child.held if child else 0, -place.number


def _failed(child: Child) -> str:
    if child.failure is not None:
        return f"{child.program.name} cannot start: {child.failure.message}"
    return f"{child} {child.how_it_ended()}"


def _pid(child: Child | None) -> str:
    return "?" if child is None else str(child.process.pid)
