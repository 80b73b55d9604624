"""Tasks: what they are called with, how a call becomes a message, and when they are tried again."""

from taskhub.task.task import Task
from taskhub.worker.context import Context
from taskhub.worker.request import Request

__all__ = ["Context", "Request", "Task"]
