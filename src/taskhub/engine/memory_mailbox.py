"""Commands and their replies within one process."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable

from taskhub.engine.mailbox import Inbox, Letter, Mailbox, Replies

#: How many letters are kept for those who were away for a moment.
KEPT = 1000


class MemoryMailbox(Mailbox):
    """Shares the engine's condition and clock."""

    def __init__(self, changed: threading.Condition, clock: Callable[[], int]) -> None:
        self._changed = changed
        self._clock = clock
        self._posted = 0
        #: Number, when it was posted, text.
        self._letters: deque[tuple[int, int, bytes]] = deque(maxlen=KEPT)
        self._replies: dict[str, deque[bytes]] = defaultdict(deque)
        self._errands: set[str] = set()

    def post(self, text: str) -> None:
        with self._changed:
            self._posted += 1
            self._letters.append((self._posted, self._clock(), text.encode()))
            self._changed.notify_all()

    def inbox(self, after: str | None = None) -> Inbox:
        return _MemoryInbox(self, str(self._posted) if after is None else after)

    def reply(self, ticket: str, text: str) -> None:
        with self._changed:
            self._replies[ticket].append(text.encode())
            self._changed.notify_all()

    def replies(self, ticket: str) -> Replies:
        return _MemoryReplies(self, ticket)

    def take(self, errand: str) -> bool:
        with self._changed:
            if errand in self._errands:
                return False
            self._errands.add(errand)
            return True


class _MemoryInbox(Inbox):
    def __init__(self, mailbox: MemoryMailbox, after: str) -> None:
        self.last = after
        self._mailbox = mailbox
        self._woken = False

    def wait(self, timeout: float) -> list[Letter]:
        mailbox = self._mailbox
        with mailbox._changed:
            mailbox._changed.wait_for(
                lambda: self._woken or mailbox._posted > int(self.last), timeout
            )
            self._woken = False
            now, after = mailbox._clock(), int(self.last)
            found = [
                Letter(str(number), text, now - sent)
                for number, sent, text in mailbox._letters
                if number > after
            ]
            if found:
                self.last = found[-1].id
            return found

    def wake(self) -> None:
        with self._mailbox._changed:
            self._woken = True
            self._mailbox._changed.notify_all()

    def close(self) -> None:
        self.wake()


class _MemoryReplies(Replies):
    def __init__(self, mailbox: MemoryMailbox, ticket: str) -> None:
        self._mailbox = mailbox
        self._ticket = ticket

    def wait(self, timeout: float) -> bytes | None:
        mailbox = self._mailbox
        with mailbox._changed:
            mailbox._changed.wait_for(lambda: mailbox._replies.get(self._ticket), timeout)
            waiting = mailbox._replies.get(self._ticket)
            return waiting.popleft() if waiting else None

    def close(self) -> None:
        with self._mailbox._changed:
            self._mailbox._replies.pop(self._ticket, None)
