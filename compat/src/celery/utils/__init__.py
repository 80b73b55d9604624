"""Small things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.utils import (
    gen_unique_id,
    uuid,
)
from taskhub.utils.log import (
    LOG_LEVELS,
)
from taskhub.utils.nodenames import (
    nodename,
    nodesplit,
    worker_direct,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "LOG_LEVELS",
    "gen_unique_id",
    "nodename",
    "nodesplit",
    "uuid",
    "worker_direct",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
