"""E-mails to users, under the name by which they are called."""

from taskhub.actors import send_notification_email, send_welcome_email

__all__ = ("send_notification_email", "send_welcome_email")
