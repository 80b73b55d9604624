"""Tasks: what they are called with, how a call becomes a message, and when they are tried again."""

from taskhub.task.task import Task

__all__ = ["Task"]
