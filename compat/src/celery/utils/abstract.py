"""What counts as a task or a signature (as `celery.utils.abstract`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.canvas import Signature as CallableSignature
from taskhub.task import Task as CallableTask

__all__ = ("CallableSignature", "CallableTask")

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
