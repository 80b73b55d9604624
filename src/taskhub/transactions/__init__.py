"""Calls in the caller's own transaction: an outbox table, and the relay that empties it."""

from taskhub.transactions.table import outbox_table

__all__ = ("outbox_table",)
