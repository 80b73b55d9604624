"""E-mail and cache tasks, under the name by which they are called."""

from taskhub.actors import clear_cache, send_email

__all__ = ("clear_cache", "send_email")
