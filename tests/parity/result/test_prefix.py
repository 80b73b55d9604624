"""`global_keyprefix`: results are where Celery has them, for readers of either side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

Run = Callable[..., Any]


@pytest.mark.parametrize("prefix", ["shop", "shop:"])
@pytest.mark.parametrize("writer", ["taskhub", "celery"])
def test_either_side_reads_the_other(run: Run, url: str, writer: str, prefix: str) -> None:
    run(writer, "prefix.py", "write", prefix)

    ours, theirs = (run(reader, "prefix.py", "read", prefix) for reader in ("taskhub", "celery"))

    assert ours == theirs
    assert ours["results"] == {
        "double": ["SUCCESS", "8"],
        "tells": ["SUCCESS", "'told'"],
        "fails": ["FAILURE", "ValueError('no')"],
        "group": [2, 4],
    }
    assert ours["there"]
    if writer == "taskhub":
        with redis.Redis.from_url(url) as client:
            keys = [key.decode() for key in client.scan_iter()]
        assert [key for key in keys if not key.startswith(prefix)] == []
