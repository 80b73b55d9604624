"""Why a move cannot go on."""

__all__ = ("TransferError",)


class TransferError(Exception):
    """Something is in the way of a move; what is moved is moved, and the rest is where it was."""
