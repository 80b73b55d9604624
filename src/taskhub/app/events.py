"""The app's own events: `app.on_after_configure.connect` and its like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class Event:
    """Calls its receivers, in the order in which they were connected."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._receivers: list[Callable[..., Any]] = []

    def connect(self, receiver: Callable[..., Any] | None = None, **options: Any) -> Any:
        """Add a receiver; usable as a decorator, with or without arguments."""
        if receiver is None:
            return self.connect
        self._receivers.append(receiver)
        return receiver

    def disconnect(self, receiver: Callable[..., Any], **options: Any) -> bool:
        """Remove a receiver; returns whether it was connected."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)
            return True
        return False

    def send(self, sender: Any, **named: Any) -> list[tuple[Callable[..., Any], Any]]:
        """Call every receiver; one that fails is logged, and the others are called."""
        replies: list[tuple[Callable[..., Any], Any]] = []
        for receiver in list(self._receivers):
            try:
                replies.append((receiver, receiver(sender=sender, **named)))
            except Exception as error:
                logger.exception("a receiver of %s failed", self.name)
                replies.append((receiver, error))
        return replies
