"""Names of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.utils.nodenames import (
    NODENAME_DEFAULT,
    NODENAME_SEP,
    WORKER_DIRECT_EXCHANGE,
    WORKER_DIRECT_QUEUE_FORMAT,
    anon_nodename,
    default_nodename,
    gethostname,
    host_format,
    node_format,
    nodename,
    nodesplit,
    worker_direct,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "NODENAME_DEFAULT",
    "NODENAME_SEP",
    "WORKER_DIRECT_EXCHANGE",
    "WORKER_DIRECT_QUEUE_FORMAT",
    "anon_nodename",
    "default_nodename",
    "gethostname",
    "host_format",
    "node_format",
    "nodename",
    "nodesplit",
    "worker_direct",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
