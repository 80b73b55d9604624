"""Control messages and their replies within one process."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable

from taskhub.engine.port.control_bus import (
    ControlBus,
    ControlMessage,
    ControlSubscription,
    ReplyCollector,
)

#: How many messages are kept for those who were away for a moment.
KEPT = 1000


class MemoryControlBus(ControlBus):
    """Shares the engine's condition and clock."""

    def __init__(self, changed: threading.Condition, clock: Callable[[], int]) -> None:
        self._changed = changed
        self._clock = clock
        self._published = 0
        #: Number, when it was published, text.
        self._messages: deque[tuple[int, int, bytes]] = deque(maxlen=KEPT)
        self._replies: dict[str, deque[bytes]] = defaultdict(deque)
        self._claimed: set[str] = set()

    def publish_command(self, text: str) -> None:
        with self._changed:
            self._published += 1
            self._messages.append((self._published, self._clock(), text.encode()))
            self._changed.notify_all()

    def subscribe(self, after: str | None = None) -> ControlSubscription:
        return _MemorySubscription(self, str(self._published) if after is None else after)

    def send_reply(self, reply_to: str, text: str) -> None:
        with self._changed:
            self._replies[reply_to].append(text.encode())
            self._changed.notify_all()

    def collect_replies(self, reply_to: str) -> ReplyCollector:
        return _MemoryReplyCollector(self, reply_to)

    def claim_once(self, name: str) -> bool:
        with self._changed:
            if name in self._claimed:
                return False
            self._claimed.add(name)
            return True


class _MemorySubscription(ControlSubscription):
    def __init__(self, bus: MemoryControlBus, after: str) -> None:
        self.last_id = after
        self._bus = bus
        self._interrupted = False

    def receive(self, timeout: float) -> list[ControlMessage]:
        bus = self._bus
        with bus._changed:
            bus._changed.wait_for(
                lambda: self._interrupted or bus._published > int(self.last_id), timeout
            )
            self._interrupted = False
            now, after = bus._clock(), int(self.last_id)
            found = [
                ControlMessage(str(number), text, now - published)
                for number, published, text in bus._messages
                if number > after
            ]
            if found:
                self.last_id = found[-1].id
            return found

    def interrupt(self) -> None:
        with self._bus._changed:
            self._interrupted = True
            self._bus._changed.notify_all()

    def close(self) -> None:
        self.interrupt()


class _MemoryReplyCollector(ReplyCollector):
    def __init__(self, bus: MemoryControlBus, reply_to: str) -> None:
        self._bus = bus
        self._reply_to = reply_to

    def receive(self, timeout: float) -> bytes | None:
        bus = self._bus
        with bus._changed:
            bus._changed.wait_for(lambda: bus._replies.get(self._reply_to), timeout)
            waiting = bus._replies.get(self._reply_to)
            return waiting.popleft() if waiting else None

    def close(self) -> None:
        with self._bus._changed:
            self._bus._replies.pop(self._reply_to, None)
