"""`global_keyprefix`: applications with prefixes of their own share a server and do not meet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from taskhub.app.app import Celery
from tests.support.in_process import working
from tests.support.servers import Server, start_valkey


def application(prefix: str, url: str, backend: str) -> Celery:
    options = {"global_keyprefix": prefix}
    app = Celery(
        "shop",
        broker=url,
        backend=backend,
        broker_transport_options=options,
        result_backend_transport_options=options,
        set_as_current=False,
    )

    @app.task(name="who")
    def who() -> str:
        return prefix

    app.finalize()
    return app


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start_valkey(tmp_path) as server:
        yield server


@pytest.mark.parametrize("place", ["the same", "another database", "another server"])
def test_each_runs_its_own_calls(server: Server, tmp_path: Path, place: str) -> None:
    (tmp_path / "other").mkdir()
    with start_valkey(tmp_path / "other") as other:
        backend = {
            "the same": server.url,
            "another database": server.url.removesuffix("/0") + "/3",
            "another server": other.url,
        }[place]
        apps = [application(prefix, server.url, backend) for prefix in ("shop:", "club:")]
        with working(apps[0]):
            # Nobody takes those of the other application, which has no worker yet.
            waiting = [apps[1].tasks["who"].delay() for _ in range(5)]
            own = [apps[0].tasks["who"].delay() for _ in range(5)]
            assert [result.get(timeout=20) for result in own] == ["shop:"] * 5
            assert [result.state for result in waiting] == ["PENDING"] * 5
            assert apps[0].AsyncResult(own[0].id).state == "SUCCESS"
            assert apps[1].AsyncResult(own[0].id).state == "PENDING"
            with working(apps[1]):
                assert [result.get(timeout=20) for result in waiting] == ["club:"] * 5
                assert [len(app.engine.workers()) for app in apps] == [1, 1]


def test_the_prefix_is_all_that_a_user_needs(server: Server) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command(
            *("ACL", "SETUSER", "shop", "on", ">secret", "~shop:*", "&shop:*", "+@all", "-@admin")
        )
    url = server.url.replace("redis://", "redis://shop:secret@")
    app = application("shop:", url, url)

    assert app.engine.obstacles() == []
    with working(app):
        assert app.tasks["who"].delay().get(timeout=20) == "shop:"
    other = application("club:", url, url)
    assert other.engine.obstacles()
    other.close()
