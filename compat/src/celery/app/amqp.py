"""The queues that the configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app.amqp import (
    AMQP,
    Exchange,
    Queue,
    Queues,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "AMQP",
    "Exchange",
    "Queue",
    "Queues",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
