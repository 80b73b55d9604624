"""Where results are; there is one kind, under the names of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub import (
    states,
)
from taskhub.current import (
    current_task as get_current_task,
)
from taskhub.result.backend import (
    Backend,
)
from taskhub.result.backend import (
    Backend as BaseBackend,
)
from taskhub.result.backend import (
    Backend as BaseDictBackend,
)
from taskhub.result.backend import (
    Backend as BaseKeyValueStoreBackend,
)
from taskhub.result.backend import (
    Backend as KeyValueStoreBackend,
)
from taskhub.result.disabled import (
    DisabledBackend,
)

__all__ = (
    "Backend",
    "BaseBackend",
    "BaseDictBackend",
    "BaseKeyValueStoreBackend",
    "DisabledBackend",
    "KeyValueStoreBackend",
    "get_current_task",
    "states",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
