"""Where results are; there is one kind, under the names of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub import (
    states,
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
from taskhub.utils.offered import offered_only

__all__ = (
    "Backend",
    "BaseBackend",
    "BaseDictBackend",
    "BaseKeyValueStoreBackend",
    "DisabledBackend",
    "KeyValueStoreBackend",
    "states",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
