"""The loader of the default app."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.loaders.base import BaseLoader

__all__ = ("DEFAULT_CONFIG_MODULE", "Loader")

#: The module with the settings, unless CELERY_CONFIG_MODULE names another.
DEFAULT_CONFIG_MODULE = "celeryconfig"


class Loader(BaseLoader):
    """The loader of the default app; settings are in `celeryconfig`, or CELERY_CONFIG_MODULE."""

    def setup_settings(self, settingsdict: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return settings as they are."""
        return settingsdict

    def read_configuration(self, env: str = "CELERY_CONFIG_MODULE") -> Mapping[str, Any] | None:
        """Return the settings of the module; None if it cannot be imported."""
        try:
            module = importlib.import_module(os.environ.get(env) or DEFAULT_CONFIG_MODULE)
        except ImportError:
            return None
        return {name: value for name, value in vars(module).items() if not name.startswith("_")}


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
