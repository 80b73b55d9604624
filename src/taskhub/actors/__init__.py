"""The shipped task set: `dramatiq taskhub.actors` and `taskhub worker` work it off.

Thin functions over the services `taskhub.mail` and `taskhub.cache`. Importing this connects to
nothing.
"""

from taskhub.actors.application import app
from taskhub.actors.cache import clear_cache
from taskhub.actors.mail import send_email, send_notification_email, send_welcome_email

__all__ = [
    "app",
    "clear_cache",
    "send_email",
    "send_notification_email",
    "send_welcome_email",
]
