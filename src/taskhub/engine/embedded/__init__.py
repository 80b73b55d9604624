"""The development store: a server of one's own, for a project that has configured none."""

from __future__ import annotations

from taskhub.engine.embedded.home import project_directory, store_directory
from taskhub.engine.embedded.store import EmbeddedStore, acquire

__all__ = ("EmbeddedStore", "acquire", "project_directory", "store_directory")
