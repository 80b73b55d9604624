"""What imports the modules of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "LOADER_ALIASES",
    "get_loader_cls",
)

#: Short names of loaders.
LOADER_ALIASES = {"app": "celery.loaders.app:AppLoader", "default": "celery.loaders.default:Loader"}


def get_loader_cls(loader: Any) -> Any:
    """Return the class of a loader, given by its path, or a short name."""
    from celery.utils.imports import symbol_by_name

    return symbol_by_name(loader, LOADER_ALIASES)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
