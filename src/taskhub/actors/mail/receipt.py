"""What became of a mail, recipient by recipient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ("Refusal", "SendReceipt")


@dataclass(frozen=True)
class Refusal:
    """A recipient that the server did not take.

    Args:
        recipient: The mailbox.
        code: The server's reply code: 400 to 499 may change by itself, 500 to 599 does not.
        reason: The server's words.
    """

    recipient: str
    code: int
    reason: str

    @property
    def transient(self) -> bool:
        return not 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.recipient} ({self.code} {self.reason})"


@dataclass(frozen=True)
class SendReceipt:
    """What became of each recipient of one mail.

    Args:
        message_id: The ``Message-ID`` header.
        destination: The server (without credentials), or the file.
        accepted: The recipients whose mail was accepted, now or at an earlier attempt.
        refused: The recipients that the server did not take.
        repeated: Whether nothing was sent now, because all was settled earlier.
    """

    message_id: str
    destination: str
    accepted: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    repeated: bool = False

    @property
    def settled(self) -> frozenset[str]:
        """The recipients for whom there is nothing left to try."""
        refused = (refusal.recipient for refusal in self.refused if not refusal.transient)
        return frozenset((*self.accepted, *refused))

    @property
    def to_retry(self) -> tuple[str, ...]:
        """The recipients for whom trying again later may help."""
        return tuple(refusal.recipient for refusal in self.refused if refusal.transient)

    def after(self, earlier: SendReceipt | None) -> SendReceipt:
        """Return this receipt with what an earlier attempt at the same mail settled."""
        if earlier is None:
            return self
        accepted = dict.fromkeys((*earlier.accepted, *self.accepted))
        refused = {refusal.recipient: refusal for refusal in earlier.refused}
        refused |= {refusal.recipient: refusal for refusal in self.refused}
        return SendReceipt(
            self.message_id,
            self.destination,
            accepted=tuple(accepted),
            refused=tuple(refusal for name, refusal in refused.items() if name not in accepted),
            repeated=self.repeated,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a task's result."""
        return {
            "message_id": self.message_id,
            "destination": self.destination,
            "accepted": list(self.accepted),
            "refused": {
                refusal.recipient: f"{refusal.code} {refusal.reason}" for refusal in self.refused
            },
            "repeated": self.repeated,
        }
