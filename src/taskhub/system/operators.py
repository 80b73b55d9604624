"""Telling operators of the system's state, once for each change."""

from __future__ import annotations

import logging
from datetime import datetime, tzinfo
from typing import Any, Final

from taskhub.mail import MailConfigurationError, Mailer, MailError, TransientMailError
from taskhub.system.alarms import Known, Notice, decide
from taskhub.system.memory import KnownMemory
from taskhub.system.settings import StatusSettings
from taskhub.system.status import SystemStatus

__all__ = ("NOBODY", "Operators", "recipients_of")

_log = logging.getLogger("taskhub.system")

NOBODY: Final = (
    "nobody is to be told of it: write addresses into TASKHUB_OPERATORS, for example "
    "TASKHUB_OPERATORS=ops@example.com"
)


class Operators:
    """Tells operators by e-mail what has become bad, and when it is well again.

    What they are to be told is noted before it is sent, and sent until it has been: a crash in between loses nothing.
    The mail has its own key, by which it is not sent twice. One at a time tells them: that is the caller's care.

    Parameters:
        mailer: Sends it.
        memory: Keeps what they know.
        settings: Who they are, and when something counts as better.
        zone: In which times are told.
    """

    def __init__(
        self, mailer: Mailer, memory: KnownMemory, settings: StatusSettings, zone: tzinfo
    ) -> None:
        self._mailer = mailer
        self._memory = memory
        self._settings = settings
        self._zone = zone

    def tell(self, status: SystemStatus) -> dict[str, Any] | None:
        """Tell them what a check has changed; returns what became of that, or None if there is nothing to tell.

        ``kind`` (``worse``, ``better``, ``recovered``); ``mail`` (``sent``; ``failed``: it is tried again at the next
        check; ``refused``: for good; ``nobody``: there are no recipients); perhaps ``error``.

        Raises:
            MemoryUnavailableError: What they know is out of reach.
        """
        known = self._memory.read()
        if known.pending is not None:
            told = self._send(known, known.pending)
            if told["mail"] == "failed":
                return told
            known = known.told()
        after = decide(known, status, self._settings.confirm)
        self._memory.write(after)
        if after.pending is None:
            return None
        return self._send(after, after.pending)

    def _send(self, known: Known, notice: Notice) -> dict[str, Any]:
        told = {"kind": notice.kind, **self._mail(notice)}
        if told["mail"] != "failed":
            self._memory.write(known.told())
        return told

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
            _log.warning("operators could not be told, and will be at the next check: %s", error)
            return {"mail": "failed", "error": str(error)}
        except MailError as error:
            # To try the same again would only keep what comes later from being told.
            _log.error("operators cannot be told: %s", error)
            return {"mail": "refused", "error": str(error)}
        return {"mail": "sent"}


def recipients_of(configured: tuple[str, ...], mailer: Mailer) -> tuple[str, ...]:
    """Return whom to write to; without a server, where mail is only written to files, somebody is made up."""
    if not configured and mailer.settings.host is None:
        return ("operators@localhost",)
    return configured
