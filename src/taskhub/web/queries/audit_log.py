"""The audit log: who did what to what, when, and from where; the store keeps it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from taskhub.engine.port.audit_log import MAX_ENTRIES
from taskhub.engine.port.audit_log import AuditEntry as StoredEntry
from taskhub.exceptions import OperationalError
from taskhub.web.queries.times import iso

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.web.auth.user import User

__all__ = ("AuditEntry", "AuditLog")

logger = logging.getLogger(__name__)

#: Kinds of what was acted on, by the first word of an action.
_KINDS: Final = {
    "tasks": "tasks",
    "queues": "queue",
    "workers": "worker",
    "schedule": "schedule",
    "limits": "limit",
    "settings": "setting",
    "session": "session",
}
#: Actions of `app.schedule` under the names that the API has for them.
_NAMES: Final = {
    "schedule.add": "schedule.edit",
    "schedule.change": "schedule.edit",
    "schedule.reset": "schedule.edit",
    "schedule.remove": "schedule.delete",
}
_SOURCES: Final = ("dashboard", "api", "command_line", "program", "scheduler")


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One entry."""

    who: str
    action: str
    #: One of task, tasks, queue, worker, schedule, limit, setting, session, other.
    kind: str
    #: Id, filter, queue, node or entry.
    name: str
    #: One of dashboard, api, command_line, program, scheduler.
    source: str
    role: str | None = None
    denied: bool = False
    task: str | None = None
    how: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    done: int | None = None
    matched: int | None = None
    address: str | None = None
    #: Seconds since the epoch; the store sets it.
    at: float = 0.0
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        return {
            "id": self.id,
            "at": iso(self.at),
            "who": self.who,
            "role": self.role,
            "action": self.action,
            "denied": self.denied,
            "subject": {"kind": self.kind, "name": self.name, "task": self.task},
            "how": self.how,
            "values": dict(self.values),
            "done": self.done,
            "matched": self.matched,
            "source": self.source,
            "address": self.address,
        }

    def to_stored(self) -> StoredEntry:
        """Return it as the store keeps it."""
        details = {
            "role": self.role,
            "denied": self.denied or None,
            "kind": self.kind,
            "task": self.task,
            "how": self.how or None,
            "values": dict(self.values) or None,
            "matched": self.matched,
            "source": self.source,
            "address": self.address,
        }
        known = {name: value for name, value in details.items() if value is not None}
        text = json.dumps(known, ensure_ascii=False, default=str)
        return StoredEntry(self.who, self.action, self.name, self.done, text)


def read_entry(stored: StoredEntry) -> AuditEntry:
    """Return an entry of the store: one of the dashboard's, or of another program's."""
    try:
        details = json.loads(stored.details) if stored.details else {}
    except ValueError:
        details = {}
    if not isinstance(details, Mapping):
        details = {}
    area = stored.action.partition(".")[0]
    name, _, host = stored.who.rpartition("@")
    by_program = "source" not in details and bool(name)
    values = details.get("values")
    if not isinstance(values, Mapping):
        fields = details.get("fields")
        values = {"fields": sorted(fields)} if isinstance(fields, Mapping) and fields else {}
    source = details.get("source")
    digest = hashlib.blake2b(repr(tuple(stored)).encode("utf-8", "replace"), digest_size=12)
    return AuditEntry(
        who=name if by_program else stored.who,
        action=_NAMES.get(stored.action, stored.action),
        kind=str(details.get("kind") or _KINDS.get(area, "other")),
        name=stored.target,
        source=source if source in _SOURCES else "command_line" if by_program else "dashboard",
        role=details.get("role"),
        denied=bool(details.get("denied")),
        task=details.get("task"),
        how=str(details.get("how") or _how(stored.action, values)),
        values=values,
        done=stored.affected,
        matched=details.get("matched"),
        address=details.get("address") or (host if by_program else None),
        at=stored.at / 1000,
        id=digest.hexdigest(),
    )


def _how(action: str, values: Mapping[str, Any]) -> str:
    fields = values.get("fields")
    if action == "schedule.add":
        return "added"
    return ", ".join(map(str, fields)) if isinstance(fields, list) else ""


class AuditLog:
    """Writes and reads entries.

    Args:
        app: Whose store keeps them.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app

    @property
    def limit(self) -> int | None:
        """How many entries are kept at most."""
        return MAX_ENTRIES

    @property
    def expires(self) -> float | None:
        """How long entries are kept, seconds; None: as long as there is room."""
        return None

    def add(self, entry: AuditEntry) -> None:
        """Write an entry; into the log of this process if the store is away meanwhile."""
        try:
            self._app.engine.audit_log.append(entry.to_stored())
        except OperationalError as error:
            logger.error(
                "the audit log lacks %s of %s by %s: %s", entry.action, entry.name, entry.who, error
            )

    def add_denied(self, user: User, action: str, address: str) -> None:
        """Write that somebody was not allowed to do something."""
        self.add(
            AuditEntry(
                who=user.name,
                role=user.role,
                action=action,
                denied=True,
                kind="other",
                name=action,
                how="the role does not allow it",
                done=0,
                source="api" if user.source == "token" else "dashboard",
                address=address or None,
            )
        )

    def add_refused(self, name: str, address: str, held: bool) -> None:
        """Write that somebody could not sign in."""
        self.add(
            AuditEntry(
                who="unknown",
                action="session.refused",
                denied=True,
                kind="session",
                name=name[:200],
                how="held after too many tries" if held else "wrong password, or no role",
                source="dashboard",
                address=address or None,
            )
        )

    def page(self, offset: int, limit: int) -> list[AuditEntry]:
        """Return a page, the newest first."""
        return [read_entry(stored) for stored in self._app.engine.audit_log.entries(offset, limit)]

    def count(self) -> int:
        """Return how many entries there are."""
        return self._app.engine.audit_log.count()
