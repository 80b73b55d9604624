"""Notices to operators about the system's state, once for each change."""

from __future__ import annotations

import logging
from datetime import datetime, tzinfo
from typing import Any, Final

from taskhub.actors.mail import MailConfigurationError, Mailer, MailError, TransientMailError
from taskhub.actors.system.alarms import Known, Notice, decide
from taskhub.actors.system.memory import KnownMemory
from taskhub.actors.system.settings import StatusSettings
from taskhub.actors.system.status import SystemStatus

__all__ = ("NOBODY", "Operators", "recipients_of")

_log = logging.getLogger("taskhub.actors.system")

NOBODY: Final = (
    "nobody is to be notified of it: write addresses into TASKHUB_OPERATORS, for example "
    "TASKHUB_OPERATORS=ops@example.com"
)


class Operators:
    """Notifies operators by e-mail of what has become bad, and when it is well again.

    A notice is stored before it is sent, and sent until it has been: a crash in
    between loses nothing. The mail has its own key, by which it is not sent twice. One at a time
    notifies them: that is the caller's care.

    Args:
        mailer: Sends it.
        memory: Keeps what they know.
        settings: Who they are, and when something counts as better.
        zone: The time zone of the notices.
    """

    def __init__(
        self, mailer: Mailer, memory: KnownMemory, settings: StatusSettings, zone: tzinfo
    ) -> None:
        self._mailer = mailer
        self._memory = memory
        self._settings = settings
        self._zone = zone

    def notify(self, status: SystemStatus) -> dict[str, Any] | None:
        """Notify operators of what a check has changed; return the outcome, or None.

        ``kind`` (``worse``, ``better``, ``recovered``); ``mail`` (``sent``; ``failed``: it is tried
        again at the next check; ``refused``: for good; ``nobody``: there are no recipients);
        perhaps ``error``.

        Raises:
            MemoryUnavailableError: What they know is out of reach.
        """
        known = self._memory.read()
        if known.pending is not None:
            notified = self._send(known, known.pending)
            if notified["mail"] == "failed":
                return notified
            known = known.reported()
        after = decide(known, status, self._settings.confirm)
        self._memory.write(after)
        if after.pending is None:
            return None
        return self._send(after, after.pending)

    def _send(self, known: Known, notice: Notice) -> dict[str, Any]:
        notified = {"kind": notice.kind, **self._mail(notice)}
        if notified["mail"] != "failed":
            self._memory.write(known.reported())
        return notified

    def _mail(self, notice: Notice) -> dict[str, Any]:
        recipients = recipients_of(self._settings.recipients, self._mailer)
        if not recipients:
            _log.warning("the state of the system is %s, and %s", notice.state, NOBODY)
            return {"mail": "nobody", "error": NOBODY}
        at = datetime.fromisoformat(notice.at).astimezone(self._zone)
        try:
            self._mailer.send_template(
                "system_status",
                recipients,
                {"notice": notice, "at": at},
                idempotency_key=f"system-status:{notice.id}",
            )
        except (MailConfigurationError, TransientMailError) as error:
            _log.warning(
                "operators could not be notified, and will be at the next check: %s", error
            )
            return {"mail": "failed", "error": str(error)}
        except MailError as error:
            # To try the same again would only delay later notices.
            _log.error("operators cannot be notified: %s", error)
            return {"mail": "refused", "error": str(error)}
        return {"mail": "sent"}


def recipients_of(configured: tuple[str, ...], mailer: Mailer) -> tuple[str, ...]:
    """Return the recipients; without an SMTP server, when mail goes to files, a made-up one."""
    if not configured and mailer.settings.server is None:
        return ("operators@localhost",)
    return configured
