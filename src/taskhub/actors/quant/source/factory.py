"""Finding the source that the settings name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from taskhub.actors.quant.exceptions import QuantConfigurationError
from taskhub.actors.quant.source.port import DEFAULT_SOURCE, Source

if TYPE_CHECKING:
    from taskhub.actors.quant.settings import QuantSettings

__all__ = ("open_source",)


def open_source(settings: QuantSettings) -> Source:
    """Return the source that the settings name.

    Raises:
        QuantConfigurationError: There is none of this name.
    """
    if settings.source == DEFAULT_SOURCE:
        from taskhub.actors.quant.source.akshare import AkshareSource

        return AkshareSource(timeout=settings.timeout)
    module_name, _, attribute = settings.source.partition(":")
    try:
        factory = getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_SOURCE: {settings.source} can't be imported ({error}): correct the "
            "name, or PYTHONPATH"
        ) from error
    source: Source = factory()
    return source
