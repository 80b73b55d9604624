"""Libraries that parts for frameworks need: absence, or another version, is one clear line."""

from __future__ import annotations

from importlib import import_module

__all__ = ("explain_import", "require_library")


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


def explain_import(error: ImportError, module: str, extra: str, *libraries: str) -> None:
    """Say which extra brings a library, where an import failed for its absence or its version.

    Args:
        error: What the import raised; of another library it is left to the caller.
        module: What needs the libraries.
        extra: The extra that brings them.
        libraries: Their import names; modules within them belong to them.

    Raises:
        ModuleNotFoundError: The error is about one of them.
    """
    name = error.name or ""
    owner = max((each for each in libraries if f"{name}.".startswith(f"{each}.")), default=None)
    if owner is None:
        return
    is_missing = isinstance(error, ModuleNotFoundError) and name == owner
    raise ModuleNotFoundError(
        f"{module} needs {'' if is_missing else 'another version of '}{owner}: install the extra "
        f"taskhub-core[{extra}]",
        name=name,
    ) from None
