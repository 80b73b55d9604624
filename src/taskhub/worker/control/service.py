"""The control service of a worker process: carries out commands, and renews its worker info."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import time
from typing import Any

from taskhub.engine.backoff import pause_after
from taskhub.engine.port.control_bus import ControlMessage, ControlSubscription
from taskhub.exceptions import DecodeError, EncodeError, OperationalError
from taskhub.version import __version__
from taskhub.worker.control.commands import Panel
from taskhub.worker.control.messages import Answer, Command
from taskhub.worker.control.state import WorkerState
from taskhub.worker.leases.worker_info import WorkerInfo, read_worker_infos
from taskhub.worker.switch_interval import SwitchInterval

logger = logging.getLogger(__name__)

#: How often the worker info is written again, and revoked stamps are read; seconds.
REFRESH_PERIOD = 5.0
#: How often to measure how long threads wait for the interpreter, seconds.
MEASURE_PERIOD = 0.5
#: How long the thread may take to end, seconds.
END_TIMEOUT = 2.0


class ControlService:
    """Receives the control messages for this process, one after another, and replies.

    Args:
        state: The first argument of commands.
        listens: Whether commands are carried out; otherwise only the worker info is kept
            (`worker_enable_remote_control`).
    """

    def __init__(self, state: WorkerState, *, listens: bool) -> None:
        self._state = state
        self._listens = listens
        self._ended = threading.Event()
        self._switch_interval = SwitchInterval()
        self._refresh_at = 0.0
        self._subscription: ControlSubscription | None = None
        # The id of the last control message that was received.
        self._last_id: str | None = None
        self._worker = state.exchange_loop.worker
        self._threads = state.exchange_loop.prefetch.threads
        self._thread = threading.Thread(target=self._run, name="taskhub-control", daemon=True)

    def start(self) -> None:
        """Start: from now on no control message is missed, if the store can be reached."""
        try:
            self._follow_siblings()
            self._refresh()
            self._open()
        except OperationalError as error:
            logger.warning("%s; commands to this worker are received when it answers", error)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a command that is being carried out may finish."""
        self._ended.set()
        subscription = self._subscription
        if subscription is not None:
            subscription.interrupt()
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
                pause = pause_after(failures)
                logger.warning("%s; receiving commands again in %.1f s", error, pause)
                self._close()
                self._ended.wait(pause)
            except Exception:
                # Without this thread the process could not be reached any more.
                failures += 1
                logger.exception("the control service failed; it goes on")
                self._close()
                self._ended.wait(pause_after(failures))
        self._close()

    def _step(self) -> None:
        if time.monotonic() >= self._refresh_at:
            self._refresh()
        left = max(0.0, self._refresh_at - time.monotonic())
        subscription = self._open()
        if subscription is None:
            self._ended.wait(left)
            return
        timeout = min(left, MEASURE_PERIOD)
        began = time.monotonic()
        messages = subscription.receive(timeout)
        if not messages:
            self._switch_interval.observe(time.monotonic() - began - timeout)
            return
        self._switch_interval.observe(messages[-1].elapsed / 1000)
        with self._switch_interval.shortest():
            for message in messages:
                self._last_id = message.id
                self._receive(message)

    def _open(self) -> ControlSubscription | None:
        if self._subscription is None and self._listens:
            self._subscription = self._state.engine.control_bus.subscribe(self._last_id)
            self._last_id = self._subscription.last_id
        return self._subscription

    def _close(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    # -- worker infos

    def _follow_siblings(self) -> None:
        """Add and remove queues as commands have done in other processes of this worker."""
        worker_info = self._worker_info()
        for other in read_worker_infos(self._state.engine.worker_infos()).values():
            if other.group == worker_info.group and other.node == worker_info.node:
                for queue in other.added:
                    self._state.add_queue(queue)
                for queue in other.cancelled:
                    self._state.remove_queue(queue)

    def _worker_info(self) -> WorkerInfo:
        state = self._state
        exchange_loop = state.broker.exchange_loop
        supervisor = state.supervisor
        restarts = None if supervisor is None else supervisor.restarts
        return WorkerInfo(
            node=state.hostname,
            host=socket.gethostname(),
            process=os.getpid(),
            parent=os.getppid(),
            queues=tuple(sorted(exchange_loop.queues)) if exchange_loop is not None else (),
            threads=self._threads,
            started=round(state.activity.began_at, 3),
            added=tuple(sorted(state.added)),
            cancelled=tuple(sorted(state.cancelled)),
            listens=self._listens,
            version=__version__,
            tasks=tuple(sorted(state.broker.actors)),
            restarts=None if restarts is None else restarts.count,
            restart_reason="" if restarts is None else restarts.reason,
        )

    def _refresh(self) -> None:
        engine = self._state.engine
        engine.register_worker(self._worker, self._worker_info().to_text())
        self._state.stamps.replace(engine.revoked_stamps())
        self._refresh_at = time.monotonic() + REFRESH_PERIOD

    # -- commands

    def _receive(self, message: ControlMessage) -> None:
        try:
            command = Command.from_text(message.text)
            is_for_us = command.is_for(self._state.hostname)
        except (DecodeError, re.error) as error:
            logger.warning("a control message was ignored: %s", error)
            return
        if not is_for_us:
            return
        if message.elapsed > command.expires:
            logger.info(
                "command %s of %s had expired and was ignored", command.method, command.sender
            )
            return
        self._state.app.clock.adjust(command.clock)
        value = self._carry_out(command, message.id)
        if command.reply_to is not None:
            self._reply(command.reply_to, value)
        if _is_control(command.method):
            self._refresh()

    def _carry_out(self, command: Command, message_id: str) -> Any:
        function = Panel.data.get(command.method)
        if function is None:
            logger.error("No such control command: %s (sent by %s)", command.method, command.sender)
            return {"error": f"there is no command {command.method!r} in this worker"}
        self._state.command, self._state.message_id = command, message_id
        try:
            return function(self._state, **command.arguments)
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("command %s of %s failed", command.method, command.sender)
            return {"error": repr(error)}

    def _reply(self, reply_to: str, value: Any) -> None:
        state = self._state
        answer = Answer(
            self._worker,
            state.hostname,
            self._worker_info().group,
            value,
            state.app.clock.forward(),
        )
        try:
            text = answer.to_text()
        except EncodeError as error:
            text = Answer(answer.worker, answer.node, answer.group, {"error": str(error)}).to_text()
        state.engine.control_bus.send_reply(reply_to, text)


def _is_control(method: str) -> bool:
    """Whether a command changes something, so that the worker info is to be written again."""
    info = Panel.meta.get(method)
    return info is not None and info.type == "control"
