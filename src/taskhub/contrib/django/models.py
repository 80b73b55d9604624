"""The outbox table as a model: calls in a transaction of Django's wait there for a relay."""

from __future__ import annotations

from django.db import models

__all__ = ("OutboxRow",)


class OutboxRow(models.Model):  # type: ignore[misc]
    """A call, or the calls of one canvas; written by `app.transaction`, moved by `taskhub relay`.

    One more row for each namespace has no messages: the store knows the outbox by it.
    """

    #: The order in which rows were written.
    sequence = models.BigAutoField(primary_key=True)
    row_id = models.CharField(max_length=100, unique=True)
    namespace = models.CharField(max_length=255)
    #: Id and name of the first task.
    task_id = models.CharField(max_length=255)
    task = models.CharField(max_length=255)
    messages = models.IntegerField()
    payload = models.TextField()
    created_at = models.DateTimeField()
    #: Why it is not relayed; None: it waits to be.
    error = models.TextField(null=True)

    class Meta:
        """Names the table as programs without Django find it."""

        app_label = "taskhub"
        db_table = "taskhub_outbox"
        default_permissions = ()
        verbose_name = "outbox row"

    def __str__(self) -> str:
        return f"{self.task} {self.task_id}"
