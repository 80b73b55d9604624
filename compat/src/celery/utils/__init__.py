"""Small things."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.utils.functional import chunks, memoize, noop
from celery.utils.imports import gen_task_name, import_from_cwd, instantiate
from celery.utils.imports import qualname as get_full_cls_name
from celery.utils.imports import symbol_by_name as get_cls_by_name
from celery.utils.log import LOG_LEVELS
from celery.utils.nodenames import nodename, nodesplit, worker_direct
from taskhub import uuid

__all__ = (
    "LOG_LEVELS",
    "cached_property",
    "chunks",
    "gen_task_name",
    "gen_unique_id",
    "get_cls_by_name",
    "get_full_cls_name",
    "import_from_cwd",
    "instantiate",
    "memoize",
    "nodename",
    "nodesplit",
    "noop",
    "uuid",
    "worker_direct",
)

gen_unique_id = uuid

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
