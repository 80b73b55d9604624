"""Who acts, and from where: what every entry of the audit log needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskhub.web.queries.audit_log import AuditEntry

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("Actor", "Done")


@dataclass(frozen=True)
class Actor:
    """Somebody who acts.

    Args:
        name: Of the user.
        role: The highest role; None: the command line, whose user has none.
        source: dashboard, api, command_line.
        address: Network address, or host.
    """

    name: str
    role: str | None = None
    source: str = "dashboard"
    address: str | None = None

    def note(self, store: StoreView, action: str, kind: str, name: str, **fields: Any) -> None:
        """Write into the audit log what was done."""
        store.note(
            AuditEntry(
                who=self.name,
                role=self.role,
                source=self.source,
                address=self.address,
                action=action,
                kind=kind,
                name=name,
                **fields,
            )
        )
        store.forget_fresh()


@dataclass(frozen=True)
class Done:
    """Result of an action."""

    action: str
    ids: tuple[str, ...] = ()
    #: Why others were left alone, and how many.
    skipped: tuple[tuple[str, int], ...] = ()
    text: str = ""
    #: How many, where they have no ids.
    count: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        return {
            "action": self.action,
            "done": len(self.ids) if self.count is None else self.count,
            "skipped": [{"reason": reason, "count": count} for reason, count in self.skipped],
            "ids": list(self.ids),
            "text": self.text,
        }
