"""Mail without a server: files that mail programs open."""

from __future__ import annotations

import errno
import logging
import os
import re
import tempfile
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from taskhub.actors.mail.exceptions import MailConfigurationError, TransientMailError
from taskhub.actors.mail.message import ComposedMail
from taskhub.actors.mail.receipt import SendReceipt

__all__ = ("OutboxTransport",)

_log = logging.getLogger("taskhub.actors.mail")

#: What may be over when the disk is less full, or fewer files are open.
_PASSING: Final = frozenset({errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC})


class OutboxTransport:
    """Writes each mail as an ``.eml`` file into a directory closed to other users.

    Says so once, in one line of the log. A file appears whole or not at all. It begins with
    ``X-Envelope-From`` and ``X-Envelope-To``, which also name the recipients that are in no header.

    Args:
        directory: Made (mode 700) when the first mail is written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._announced = False

    def send(self, mail: ComposedMail) -> SendReceipt:
        """Write a mail; see :meth:`taskhub.actors.mail.transport.Transport.send`."""
        if not self._announced:
            self._announced = True
            _log.warning(
                "no SMTP server configured (set TASKHUB_SMTP_URL): e-mail is written to %s",
                self._directory,
            )
        path = self._directory / file_name(mail)
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, _envelope(mail) + mail.as_bytes())
        except OSError as error:
            detail = f"{path} can't be written ({error.strerror or error})"
            if error.errno in _PASSING:
                raise TransientMailError(f"{detail}: make room on the disk") from error
            raise MailConfigurationError(
                f"{detail}: set TASKHUB_MAIL_OUTBOX to a directory that this user may write to, "
                "or TASKHUB_SMTP_URL to a server"
            ) from error
        return SendReceipt(mail.message_id, str(path), mail.recipients)


def file_name(mail: ComposedMail) -> str:
    """Return the name of a mail's file: sorted by time, and of its own for each message."""
    date = parsedate_to_datetime(str(mail.message["Date"]))
    unique = re.sub(r"[^A-Za-z0-9]", "", mail.message_id.partition("@")[0])
    return f"{date:%Y%m%dT%H%M%S}-{unique}.eml"


def _envelope(mail: ComposedMail) -> bytes:
    recipients = ",\r\n ".join(mail.recipients)
    return f"X-Envelope-From: {mail.sender}\r\nX-Envelope-To: {recipients}\r\n".encode()


def _write(path: Path, content: bytes) -> None:
    # Named so that nobody who looks for *.eml takes it for a mail.
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise
