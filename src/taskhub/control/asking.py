"""Sending a command to workers, and collecting what they answer."""

from __future__ import annotations

import logging
import os
import socket
import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from taskhub.control.gathering import Gathering
from taskhub.control.merging import rule_for
from taskhub.exceptions import DecodeError, DuplicateNodenameWarning
from taskhub.message import new_task_id
from taskhub.worker.card import Card, read_cards
from taskhub.worker.commands.letter import Answer, Command

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: How long to wait for answers where the caller does not say, seconds.
TIMEOUT = 1.0

#: While answers are missing, look so often who is still there, seconds.
LOOK_EVERY = 0.25

#: Called with each node's reply, `{node: reply}`, as soon as it is complete.
ReplyCallback = Callable[[dict[str, Any]], object]


def sender() -> str:
    """Return who this process is, for the logs of workers."""
    return f"{socket.gethostname()}:{os.getpid()}"


def live_cards(app: Celery) -> dict[str, Card]:
    """Return the worker processes whose leases stand."""
    return read_cards(app.engine.cards())


def tell(app: Celery, command: Command) -> None:
    """Send a command without waiting for answers."""
    app.engine.mailbox.post(command.to_text())


def ask(
    app: Celery,
    command: Command,
    timeout: float | None = None,
    limit: int | None = None,
    callback: ReplyCallback | None = None,
) -> list[dict[str, Any]]:
    """Send a command and return the replies, one for each node: `[{node: reply}, ...]`.

    Returns as soon as all workers that are there, and stay, have answered; after `timeout` seconds with what there is.

    Parameters:
      command: must have a ticket.
      limit: return after so many replies.
    """
    assert command.ticket is not None
    mailbox = app.engine.mailbox
    cards = live_cards(app)
    expected = _asked(cards, command)
    gathering = Gathering(rule_for(command.method, command.arguments), expected)
    found: list[dict[str, Any]] = []

    def tell_of(replies: list[dict[str, Any]]) -> None:
        for reply in replies[: None if limit is None else limit - len(found)]:
            found.append(reply)
            if callback is not None:
                callback(reply)

    # Without cards there may still be workers: just now they were taken for dead, and their cards are gone.
    patient = not cards and any(left > 0 for left in app.engine.workers().values())
    with mailbox.replies(command.ticket) as replies:
        mailbox.post(command.to_text())
        deadline = time.monotonic() + (TIMEOUT if timeout is None else timeout)
        while (patient or not gathering.is_complete) and (limit is None or len(found) < limit):
            left = deadline - time.monotonic()
            text = replies.wait(max(0.0, min(left, LOOK_EVERY)))
            if text is None:
                if left <= LOOK_EVERY:
                    break
                # Whoever has ended meanwhile will not answer.
                tell_of(gathering.forget(gathering.missing - live_cards(app).keys()))
                continue
            try:
                answer = Answer.from_text(text)
            except DecodeError as error:
                logger.warning("a reply to %s was ignored: %s", command.method, error)
                continue
            app.clock.adjust(answer.clock)
            tell_of(gathering.take(answer))
        tell_of(gathering.rest())
    _warn_of(gathering.shared_names)
    return found


def _asked(cards: Mapping[str, Card], command: Command) -> dict[str, Card]:
    return {
        worker: card for worker, card in cards.items() if card.listens and command.is_for(card.node)
    }


def new_ticket() -> str:
    """Return a ticket that nobody else has."""
    return new_task_id()


def _warn_of(names: list[str]) -> None:
    if names:
        warnings.warn(
            f"several workers are called {', '.join(names)}, and their replies are shown as one: give each a name of "
            "its own with -n",
            DuplicateNodenameWarning,
            stacklevel=4,
        )
