"""Libraries that parts for frameworks need: a missing one is missed in one line."""

from __future__ import annotations

from importlib import import_module

__all__ = ("missing_library", "require_library")


def require_library(module: str, library: str) -> None:
    """Import the library that all of a module is for.

    Args:
        module: The module's name.
        library: The name of the library, as it is imported and installed.

    Raises:
        ModuleNotFoundError: It is not installed; the message says what to install.
    """
    try:
        import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise missing_library(module, library, library) from None


def missing_library(module: str, library: str, install: str) -> ModuleNotFoundError:
    """Return the error about a library that is not installed.

    Args:
        module: What needs it.
        library: The library, by the name under which it is imported.
        install: What brings it, as pip takes it.
    """
    return ModuleNotFoundError(
        f"{module} needs {library}, which is not installed: pip install {install}", name=library
    )
