"""What can go wrong with market data, by whether trying again can help."""

from __future__ import annotations

from taskhub.actors.extras import NotInstalledError
from taskhub.exceptions import ImproperlyConfigured

__all__ = (
    "DatabaseNotReadyError",
    "DatabaseUnavailableError",
    "InvalidRequestError",
    "QuantConfigurationError",
    "QuantError",
    "QuantNotInstalledError",
    "SourceSchemaError",
    "SourceUnavailableError",
    "SuspiciousAnswerError",
    "TransientQuantError",
    "UnknownCodeError",
)


class QuantError(Exception):
    """Base of the errors of market data; one line that says what is wrong and what to do."""


class TransientQuantError(QuantError):
    """It may pass by itself: the same call may succeed later."""


class SourceUnavailableError(TransientQuantError):
    """The source can't be reached, breaks off, or asks for fewer calls."""


class DatabaseUnavailableError(TransientQuantError):
    """The database can't be reached, or is locked by others for too long."""


class SourceSchemaError(QuantError):
    """The source answers in another form than is known; somebody has to look."""


class SuspiciousAnswerError(QuantError):
    """The source answered with nothing, or with far less than last time; nothing was changed."""


class InvalidRequestError(QuantError, ValueError):
    """No such code, market, adjustment or day exists, or the source does not have it."""


class UnknownCodeError(QuantError, LookupError):
    """The database does not have this security or board."""


class QuantConfigurationError(QuantError, ImproperlyConfigured):
    """The settings can't be right as they are."""


class QuantNotInstalledError(QuantConfigurationError, NotInstalledError):
    """A library that market data needs is missing; the message says what to install."""


class DatabaseNotReadyError(QuantConfigurationError):
    """The tables are missing, or of another version than this program's."""
