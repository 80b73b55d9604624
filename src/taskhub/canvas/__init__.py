"""Signatures: calls as values, that can be kept, passed on and linked."""

from taskhub.canvas.signature import Signature, maybe_signature, signature

__all__ = ["Signature", "maybe_signature", "signature"]
