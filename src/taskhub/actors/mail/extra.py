"""The extra `taskhub-core[mail]`."""

from __future__ import annotations

from taskhub.actors.extras import Extra
from taskhub.actors.mail.exceptions import MailNotInstalledError

__all__ = ("MAIL", "load", "require")

MAIL = Extra(
    "mail", "e-mail", MailNotInstalledError, ("pydantic_settings", "email_validator", "jinja2")
)
load, require = MAIL.load, MAIL.require
