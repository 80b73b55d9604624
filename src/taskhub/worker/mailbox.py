"""The mailbox of a worker process: a thread that carries out commands, and keeps the store informed of this process."""

from __future__ import annotations

import logging
import os
import random
import re
import socket
import threading
import time
from importlib import metadata
from typing import Any

from taskhub.engine.mailbox import Inbox, Letter
from taskhub.exceptions import DecodeError, EncodeError, OperationalError
from taskhub.worker.card import Card, read_cards
from taskhub.worker.commands import Panel
from taskhub.worker.commands.letter import Answer, Command
from taskhub.worker.commands.state import WorkerState
from taskhub.worker.switching import Switching

logger = logging.getLogger(__name__)

#: How often the card is written again, and revoked stamps are read, even if nothing happens; seconds.
REFRESH_EVERY = 5.0
#: How often to see whether threads have to wait for their turn, seconds.
LOOK_EVERY = 0.5
#: Bounds of the pause between tries to reach the store, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
#: How long the thread may take to end, seconds.
END_TIMEOUT = 2.0


class MailboxService:
    """Reads the letters for this process, one after another, and replies.

    Parameters:
      state: what commands work on.
      listens: whether commands are carried out; otherwise only the card is kept (`worker_enable_remote_control`).
    """

    def __init__(self, state: WorkerState, *, listens: bool) -> None:
        self._state = state
        self._listens = listens
        self._ended = threading.Event()
        self._switching = Switching()
        self._refresh_at = 0.0
        self._inbox: Inbox | None = None
        #: The last letter that was received.
        self._last: str | None = None
        self._worker = state.courier.worker
        self._threads = state.courier.prefetch.threads
        self._thread = threading.Thread(target=self._run, name="taskhub-mailbox", daemon=True)

    def start(self) -> None:
        """Begin: from now on no letter is missed, if the store can be reached."""
        try:
            self._follow_siblings()
            self._refresh()
            self._open()
        except OperationalError as error:
            logger.warning("%s; commands to this worker are heard when it answers", error)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a command that is being carried out may finish."""
        self._ended.set()
        inbox = self._inbox
        if inbox is not None:
            inbox.wake()
        self._thread.join(END_TIMEOUT)

    # -- the thread

    def _run(self) -> None:
        failures = 0
        while not self._ended.is_set():
            try:
                self._step()
                failures = 0
            except OperationalError as error:
                failures += 1
                pause = _pause_after(failures)
                logger.warning("%s; listening for commands again in %.1f s", error, pause)
                self._close()
                self._ended.wait(pause)
            except Exception:
                # Without this thread the process could not be reached any more.
                failures += 1
                logger.exception("the mailbox failed; it goes on")
                self._close()
                self._ended.wait(_pause_after(failures))
        self._close()

    def _step(self) -> None:
        if time.monotonic() >= self._refresh_at:
            self._refresh()
        left = max(0.0, self._refresh_at - time.monotonic())
        inbox = self._open()
        if inbox is None:
            self._ended.wait(left)
            return
        timeout = min(left, LOOK_EVERY)
        began = time.monotonic()
        letters = inbox.wait(timeout)
        if not letters:
            self._switching.observe(time.monotonic() - began - timeout)
            return
        self._switching.observe(letters[-1].age / 1000)
        with self._switching.hurry():
            for letter in letters:
                self._last = letter.id
                self._receive(letter)

    def _open(self) -> Inbox | None:
        if self._inbox is None and self._listens:
            self._inbox = self._state.engine.mailbox.inbox(self._last)
            self._last = self._inbox.last
        return self._inbox

    def _close(self) -> None:
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            inbox.close()

    # -- what others know of this process, and it of them

    def _follow_siblings(self) -> None:
        """Serve the queues that commands have added to processes of the same worker, and not those cancelled."""
        card = self._card()
        for other in read_cards(self._state.engine.cards()).values():
            if other.group == card.group and other.node == card.node:
                for queue in other.added:
                    self._state.serve(queue)
                for queue in other.cancelled:
                    self._state.leave(queue)

    def _card(self) -> Card:
        state = self._state
        courier = state.broker.courier
        return Card(
            node=state.hostname,
            host=socket.gethostname(),
            process=os.getpid(),
            parent=os.getppid(),
            queues=tuple(sorted(courier.queues)) if courier is not None else (),
            threads=self._threads,
            started=round(state.activity.began_at, 3),
            added=tuple(sorted(state.added)),
            cancelled=tuple(sorted(state.cancelled)),
            listens=self._listens,
            version=metadata.version("taskhub"),
        )

    def _refresh(self) -> None:
        engine = self._state.engine
        engine.introduce(self._worker, self._card().to_text())
        self._state.stamps.replace(engine.revoked_stamps())
        self._refresh_at = time.monotonic() + REFRESH_EVERY

    # -- commands

    def _receive(self, letter: Letter) -> None:
        try:
            command = Command.from_text(letter.text)
            meant = command.is_for(self._state.hostname)
        except (DecodeError, re.error) as error:
            logger.warning("a control message was ignored: %s", error)
            return
        if not meant:
            return
        if letter.age > command.expires:
            logger.info(
                "command %s of %s came too late and was ignored", command.method, command.sender
            )
            return
        self._state.app.clock.adjust(command.clock)
        value = self._carry_out(command, letter.id)
        if command.ticket is not None:
            self._reply(command.ticket, value)
        if _changes(command.method):
            self._refresh()

    def _carry_out(self, command: Command, letter: str) -> Any:
        function = Panel.data.get(command.method)
        if function is None:
            logger.error("No such control command: %s (sent by %s)", command.method, command.sender)
            return {"error": f"there is no command {command.method!r} in this worker"}
        self._state.command, self._state.letter = command, letter
        try:
            return function(self._state, **command.arguments)
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("command %s of %s failed", command.method, command.sender)
            return {"error": repr(error)}

    def _reply(self, ticket: str, value: Any) -> None:
        state = self._state
        answer = Answer(
            self._worker, state.hostname, self._card().group, value, state.app.clock.forward()
        )
        try:
            text = answer.to_text()
        except EncodeError as error:
            text = Answer(answer.worker, answer.node, answer.group, {"error": str(error)}).to_text()
        state.engine.mailbox.reply(ticket, text)


def _changes(method: str) -> bool:
    """Whether a command may have changed what the card says."""
    info = Panel.meta.get(method)
    return info is not None and info.type == "control"


def _pause_after(failures: int) -> float:
    """Return how long to pause after so many failures in a row, seconds."""
    bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
    return bound * random.uniform(0.5, 1.0)
