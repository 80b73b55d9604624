"""Tasks of programs that use Django."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.task.django import DjangoTask

__all__ = ("DjangoTask",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
