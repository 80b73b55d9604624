"""The tasks that send e-mail, on the queue `email`."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskhub.actors import services
from taskhub.actors.application import app
from taskhub.actors.mail import Attachment, OutgoingMail, PermanentMailError, TransientMailError

#: After 5, 10, 20 ... seconds, at most an hour, each cut short at random: 3.4 hours at most in all.
_OPTIONS: Final[Mapping[str, Any]] = {
    "queue": "email",
    "autoretry_for": (TransientMailError,),
    "retry_backoff": 5,
    "retry_backoff_max": 3600,
    "retry_jitter": True,
    "max_retries": 12,
    # A wrong address is the caller's matter: it is logged without a traceback.
    "throws": (PermanentMailError,),
    "track_started": True,
}


@app.task(bind=True, name="Modules.admin.tasks.default_tasks.send_email", **_OPTIONS)
def send_email(
    self: Any,
    to: str | Sequence[str],
    subject: str,
    body: str | None = None,
    html: str | None = None,
    cc: str | Sequence[str] = (),
    bcc: str | Sequence[str] = (),
    reply_to: str | Sequence[str] = (),
    sender: str | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Send an e-mail; by the id of the call each recipient gets it once, however often it runs.

    Args:
        to, cc, bcc, reply_to: one address or several separated by commas, or a list; each as
            `a@example.com` or `Name <a@example.com>`.
        subject: one line.
        body: the plain text.
        html: the same as HTML; without `body`, the e-mail has no plain text.
        sender: in whose name; None: `TASKHUB_MAIL_FROM`.
        attachments: contents by file name.

    Returns:
        `message_id`, `destination` (the server, or the file in the outbox), `accepted`, `refused`
        (reasons by recipient), `repeated` (nothing was sent, because an earlier run had).

    Raises:
        InvalidMailError: an address or a header is wrong.
        TransientMailError: the server could not take it now, and no retries are left.
        PermanentMailError: the server will not take it.
    """
    mail = OutgoingMail(
        to=to,
        subject=subject,
        text=body,
        html=html,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        sender=sender,
        attachments=tuple(_attachment(*item) for item in (attachments or {}).items()),
    )
    return services.mailer().send(mail, idempotency_key=self.request.id).as_dict()


@app.task(bind=True, name="Modules.admin.queues.email_queues.send_welcome_email", **_OPTIONS)
def send_welcome_email(
    self: Any,
    user_id: int | str,
    username: str,
    email: str | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """Welcome a new user by e-mail.

    Args:
        user_id: the user's id in the application.
        username: how to address the user.
        email: the address; None: it is looked up, as `TASKHUB_MAIL_ADDRESS_BOOK` or `_TEMPLATE`
            say.
        language: `zh` or `en`; None: `TASKHUB_MAIL_LANGUAGE`.

    Returns and raises as `send_email`.
    """
    receipt = services.mailer().send_welcome(
        user_id, username, email, language, idempotency_key=self.request.id
    )
    return receipt.as_dict()


@app.task(bind=True, name="Modules.admin.queues.email_queues.send_notification_email", **_OPTIONS)
def send_notification_email(
    self: Any,
    user_id: int | str,
    title: str,
    content: str,
    username: str | None = None,
    email: str | None = None,
    language: str | None = None,
    action_url: str | None = None,
    action_label: str | None = None,
) -> dict[str, Any]:
    """Notify a user by e-mail.

    Args:
        user_id: the user's id in the application.
        title: the subject and heading.
        content: plain text; its lines become paragraphs.
        username: how to address the user, if known.
        email: the address; None: it is looked up, as for `send_welcome_email`.
        language: `zh` or `en`; None: `TASKHUB_MAIL_LANGUAGE`.
        action_url, action_label: where the button in the e-mail leads, and what it says.

    Returns and raises as `send_email`.
    """
    receipt = services.mailer().send_notification(
        user_id,
        title,
        content,
        username,
        email,
        language,
        action_url,
        action_label,
        idempotency_key=self.request.id,
    )
    return receipt.as_dict()


def _attachment(name: str, content: bytes) -> Attachment:
    kind, encoding = mimetypes.guess_type(name)
    # The type of what is inside a .gz says nothing of the file.
    return Attachment(name, content, kind if kind and not encoding else "application/octet-stream")
