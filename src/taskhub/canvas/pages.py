"""Pages of canvases whose members come from a generator; early members run while it is read.

A canvas that fits into its first page is sent as a list is, all or nothing. Of a larger one, the
caller holds a page and the ids of the results. A chord is open until its size is known: it is
abandoned, and fails, when its caller stops; so the caller renews its wait, however long its
generator takes.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.call.message import origin_of
from taskhub.canvas.chord_results import unsent_part
from taskhub.canvas.outbox import Outbox, collecting
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.message import Envelope
from taskhub.outcome import ChordPage, ChordPlan
from taskhub.serialization.safe_repr import safe_repr

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: A page is sent when it has so many messages ...
PAGE: Final = 500
#: ... or so many bytes of messages ...
PAGE_BYTES: Final = 1024 * 1024
#: ... or a member is added to it after so long, seconds.
PAGE_TIME: Final = 0.1
#: An open chord is abandoned when its caller has not renewed it for so long, ms.
WAIT: Final = 30_000
#: How often the caller of an open chord renews its wait, seconds.
RENEW_EVERY: Final = 10.0


class OpenChord(NamedTuple):
    """A chord whose header is sent in pages."""

    chord_id: str
    #: Makes the messages of its body, from the last member of the first page; what they need goes
    #: to the outbox.
    body: Callable[[Outbox, Any], tuple[Envelope, ...]]


class Call(NamedTuple):
    """Arguments and options that the members of a canvas are called with, beside their own."""

    args: Any
    kwargs: Any
    options: Mapping[str, Any]


def send_pages(
    app: Celery, members: Generator[Any], call: Call, chord: OpenChord | None = None
) -> None:
    """Send frozen members of a group, or of the header of a chord, while they are read.

    What their generator raises is raised here; what was sent by then runs, and the chord ends as
    FAILURE.
    """
    pages = _Pages(app, call, chord)
    with closing(members):
        try:
            for member in members:
                pages.add(member)
            pages.finish()
        except BaseException as error:
            pages.fail(error)
            raise
        finally:
            pages.close()


class _Pages:
    """Fills pages and sends them."""

    def __init__(self, app: Celery, call: Call, chord: OpenChord | None) -> None:
        self._app = app
        self._call = call
        self._chord = chord
        #: How many members have been sent.
        self._sent = 0
        self._renewal: _Renewal | None = None
        self._begin()

    def _begin(self) -> None:
        """Begin a page."""
        self._outbox = Outbox()
        self._collector = self._app.calls.collector(self._outbox, *self._call)
        self._members = 0
        self._measured = self._measured_chains = self._bytes = 0
        self._began = time.monotonic()

    def add(self, member: Any) -> None:
        """Add a member, and send the page if it is full."""
        if not self._collector.collect(member):
            args, kwargs, options = self._call
            with collecting(self._outbox):
                member.apply_async(args, kwargs, add_to_parent=False, **options)
        self._members += 1
        self._last = member
        if self._is_full():
            self._send()

    def _is_full(self) -> bool:
        messages, chains = self._outbox.messages, self._outbox.chains
        for message in messages[self._measured :]:
            self._bytes += len(message.body)
        for chain in chains[self._measured_chains :]:
            self._bytes += sum(map(len, chain.links))
        self._measured, self._measured_chains = len(messages), len(chains)
        return (
            len(messages) >= PAGE
            or self._bytes >= PAGE_BYTES
            or time.monotonic() - self._began >= PAGE_TIME
        )

    def _send(self, *, is_all: bool = False) -> None:
        """Send the page."""
        page = None
        if self._chord is not None:
            chord_id = self._chord.chord_id
            if not self._sent:
                size = self._members if is_all else 0
                body = self._chord.body(self._outbox, self._last)
                self._outbox.chords.append(ChordPlan(chord_id, size, body))
            if not is_all:
                failure = "" if self._sent else unsent_part(_lost(chord_id))
                page = ChordPage(chord_id, self._members, WAIT, failure)
        self._app.calls.send_all(self._outbox, self._call.options, page)
        self._sent += self._members
        if page is not None and self._renewal is None:
            self._renewal = _Renewal(self._app, page.chord_id)
        self._begin()

    def finish(self) -> None:
        """Send what is left; then the size of a chord is known."""
        is_all = not self._sent
        if self._members:
            self._send(is_all=is_all)
        if self._chord is not None and not is_all:
            page = ChordPage(self._chord.chord_id, 0, None)
            self._app.calls.send_all(Outbox(), self._call.options, page)

    def fail(self, error: BaseException) -> None:
        """End the chord, of which not everything can be sent."""
        if self._chord is None or not self._sent:
            return
        chord_id = self._chord.chord_id
        reason = f"the header of chord {chord_id} was not sent to its end, but {self._sent} calls: "
        try:
            self._app.engine.fail_chord(chord_id, unsent_part(reason + safe_repr(error, 1024)))
        except OperationalError as trouble:
            logger.warning(
                "%s; chord %s, which cannot be sent to its end, is ended later", trouble, chord_id
            )

    def close(self) -> None:
        """End the thread that renews the wait, if there is one."""
        if self._renewal is not None:
            self._renewal.ended.set()


def _lost(chord_id: str) -> str:
    caller = origin_of(os.getpid())
    return (
        f"the header of chord {chord_id} was not sent to its end: its caller, {caller}, was lost, "
        f"or held up for more than {WAIT // 1000} s; what it had sent runs"
    )


class _Renewal(threading.Thread):
    """Renews the wait of an open chord: its caller's generator may take minutes."""

    def __init__(self, app: Celery, chord_id: str) -> None:
        super().__init__(name="taskhub-open-chord", daemon=True)
        self._app = app
        self._page = ChordPage(chord_id, 0, WAIT)
        self.ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(RENEW_EVERY):
            try:
                self._app.engine.enqueue((), page=self._page)
            except StoreRefused as refusal:
                if not refusal.passing:
                    # It has ended, or sending the next page raises what is wrong.
                    return
            except OperationalError as error:
                logger.warning("%s; chord %s waits for its next page", error, self._page.chord_id)
