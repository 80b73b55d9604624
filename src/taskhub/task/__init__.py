"""Tasks: their options, their calls, and their retries."""

from taskhub.execution.message_request import Request
from taskhub.execution.request import Context
from taskhub.task.task import Task

__all__ = ["Context", "Request", "Task"]
