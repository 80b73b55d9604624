"""Libraries that parts for frameworks need: a missing one is missed in one line."""

from __future__ import annotations

from importlib import import_module

__all__ = ("require_library",)


def require_library(module: str, library: str, install: str | None = None) -> None:
    """Import a library without which a module is of no use.

    Args:
        module: The module's name.
        library: The name of the library, as it is imported.
        install: What brings it, as pip takes it; None: it is installed by the same name.

    Raises:
        ModuleNotFoundError: It is not installed; the message says what to install.
    """
    try:
        import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise ModuleNotFoundError(
            f"{module} needs {library}, which is not installed: pip install {install or library}",
            name=library,
        ) from None
