"""The command `celery multi`: workers in the background, several by one command.

`_arguments` makes nodes, as values, of the command's arguments; `_cluster` starts and stops them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.bin.multi._command import multi

__all__ = ("multi",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
