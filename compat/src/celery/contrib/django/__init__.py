"""Programs that use Django."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.utils.offered import offered_only

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
