"""The option `compression`, which has no effect yet."""

from __future__ import annotations

import warnings

import pytest

from taskhub import Celery
from taskhub.call import message as call_message
from taskhub.exceptions import ConfigurationWarning


def test_the_first_call_with_compression_warns() -> None:
    app = Celery("compressing", broker="memory://", set_as_current=False)

    @app.task(shared=False)
    def add(x: int, y: int) -> int:
        return x + y

    call_message.warn_of_compression.cache_clear()
    with pytest.warns(ConfigurationWarning, match="compression= has no effect yet"):
        add.apply_async((1, 2), compression="gzip")
    with warnings.catch_warnings(action="error"):
        add.apply_async((1, 2), compression="gzip")
    app.close()
