"""Addresses of stores: every form that Celery's users have, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.config.urls import StoreURL, mask_url, parse_store_url, same_server
from taskhub.exceptions import ImproperlyConfigured


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://", {"addresses": (("localhost", 6379),)}),
        ("redis://localhost:6379//", {"addresses": (("localhost", 6379),)}),
        (
            "redis://:pw@host:6380/1",
            {"addresses": (("host", 6380),), "password": "pw", "db": 1},
        ),
        (
            "redis://user:p%40w%2F@h/0",
            {"addresses": (("h", 6379),), "username": "user", "password": "p@w/"},
        ),
        (
            "redis://:not@quoted@h",
            {"addresses": (("h", 6379),), "password": "not@quoted"},
        ),
        ("redis://[::1]:7000/2", {"addresses": (("::1", 7000),), "db": 2}),
        ("redis://h?db=3", {"addresses": (("h", 6379),), "db": 3}),
        ("valkey://h", {"addresses": (("h", 6379),)}),
        ("  redis://h\n", {"addresses": (("h", 6379),)}),
        (
            "rediss://h/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=%2Fca.pem",
            {
                "scheme": "rediss",
                "addresses": (("h", 6379),),
                "options": {"ssl_cert_reqs": "required", "ssl_ca_certs": "/ca.pem"},
            },
        ),
        ("unix:///run/s.sock?db=1", {"scheme": "unix", "path": "/run/s.sock", "db": 1}),
        (
            "unix://user:pw@/run/a%20b.sock",
            {"scheme": "unix", "path": "/run/a b.sock", "username": "user", "password": "pw"},
        ),
        (
            "redis+socket:///run/s.sock?virtual_host=2",
            {"scheme": "unix", "path": "/run/s.sock", "db": 2},
        ),
        (
            "sentinel://:pw@h1:1;sentinel://h2;sentinel://h3:3/4?master_name=m",
            {
                "scheme": "sentinel",
                "addresses": (("h1", 1), ("h2", 26379), ("h3", 3)),
                "password": "pw",
                "db": 4,
                "service_name": "m",
            },
        ),
        (
            "sentinel://h1/2;h2/2?service_name=m&sentinel_password=s",
            {
                "scheme": "sentinel",
                "addresses": (("h1", 26379), ("h2", 26379)),
                "db": 2,
                "service_name": "m",
                "options": {"sentinel_password": "s"},
            },
        ),
        ("memory://", {"scheme": "memory"}),
        ("memory://localhost/", {"scheme": "memory"}),
    ],
)
def test_every_form_is_read(text: str, expected: dict[str, Any]) -> None:
    assert parse_store_url(text) == StoreURL(**{"scheme": "redis", **expected})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("localhost:6379", "has no scheme"),
        ("", "has no scheme"),
        ("amqp://guest:secret@h//", "the transport 'amqp', which taskhub does not have"),
        ("sqs://", "use redis://, rediss://, unix://, sentinel://, postgresql:// or memory://"),
        ("db+postgresql://u:secret@h/d", "which taskhub does not have"),
        ("redis://h:0", "a port that is not a number from 1 to 65535"),
        ("redis://:secret/@h:1", "a '/' in the password is written %2F"),
        ("redis://h/first", "a database that is not a number"),
        ("redis://h/1?db=2", "several databases"),
        ("redis://a,b", "no readable host"),
        ("redis://a;redis://b", "several servers"),
        ("redis://h?colour=red", "the unknown option 'colour'"),
        ("redis://h?socket_timeout=soon", "socket_timeout=soon: write a number"),
        ("redis://h?socket_connect_timeout=0.0", "write a number of seconds above 0"),
        ("redis://h?ssl_cert_reqs=none", "use rediss://"),
        ("rediss://h?ssl_cert_reqs=maybe", "write required, optional or none"),
        ("unix://run/s.sock", "names no socket"),
        ("unix://", "names no socket"),
        ("sentinel://a;redis://b", "mixes sentinel:// and redis://"),
        ("sentinel://:secret@a;sentinel://:secret2@b", "different credentials"),
        (None, "is not a text"),
        (["redis://a"], "is not a text"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: Any, told: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        parse_store_url(text, setting="result_backend")
    line = str(caught.value)
    assert line.startswith("result_backend: ")
    assert told in line
    assert "\n" not in line
    assert "secret" not in line


def test_a_forgotten_scheme_shows_no_password() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        parse_store_url("user:secret@host:6379/0")
    assert "secret" not in str(caught.value)


@given(
    username=st.none() | st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
    password=st.text("secret @:/?#;%&", min_size=6, max_size=20),
    db=st.integers(0, 10_000),
)
def test_quoted_credentials_come_back_and_are_never_shown(
    username: str | None, password: str, db: int
) -> None:
    from urllib.parse import quote

    text = f"redis://{quote(username or '', safe='')}:{quote(password, safe='')}@h/{db}"
    url = parse_store_url(text)
    assert (url.username, url.password, url.db) == (username, password, db)
    for shown in (url.masked(), str(url), repr(url), mask_url(f"lost {text}, alas")):
        assert f":{quote(password, safe='')}@" not in shown
        assert ":**@h" in shown


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("lost redis://:pw@h:1/0 and x", "lost redis://:**@h:1/0 and x"),
        ("redis://u:p@ss/w@h/0", "redis://u:**@h/0"),
        ("redis://token@h/0", "redis://**@h/0"),
        ("sentinel://:a@h1;sentinel://u:b@h2/0", "sentinel://:**@h1;sentinel://u:**@h2/0"),
        ("sentinel://h?sentinel_password=pw&db=1", "sentinel://h?sentinel_password=**&db=1"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("nothing here, me@example.org", "nothing here, me@example.org"),
        ("write redis://:<password>@host", "write redis://:<password>@host"),
        ("write smtp://<user>:<password>@host", "write smtp://<user>:<password>@host"),
        ("redis://:<password>secret@host", "redis://:**@host"),
    ],
)
def test_credentials_inside_text_are_masked(text: str, masked: str) -> None:
    assert mask_url(text) == masked
    assert mask_url(masked) == masked


def test_masked_is_readable() -> None:
    assert parse_store_url("unix://u:pw@/s.sock?db=1").masked() == "unix://u:**@/s.sock?db=1"
    assert parse_store_url("redis://:pw@[::1]/1").masked() == "redis://:**@[::1]:6379/1"
    sentinels = parse_store_url("sentinel://:pw@a;sentinel://b/1?master_name=m")
    assert sentinels.masked() == "sentinel://:**@a:26379;sentinel://b:26379/1?service_name=m"
    assert parse_store_url("memory://").masked() == "memory://"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("redis://h/0", "redis://H:6379/1", True),
        ("redis://:p@h/0", "redis://:p@h/1", True),
        ("redis://:p@h/0", "redis://:q@h/0", False),
        ("redis://h/0", "redis://h:1/0", False),
        ("redis://h/0", "rediss://h/0", False),
        ("unix:///a?db=1", "redis+socket:///a?virtual_host=2", True),
        ("unix:///a", "unix:///b", False),
        ("sentinel://a;b/0?master_name=m", "sentinel://b;a/1?service_name=m", True),
        ("sentinel://a/0?master_name=m", "sentinel://a/0?master_name=n", False),
        ("memory://", "memory://", True),
    ],
)
def test_same_server(a: str, b: str, same: bool) -> None:
    assert same_server(parse_store_url(a), parse_store_url(b)) is same


def test_with_db_and_hash() -> None:
    url = parse_store_url("rediss://:p@h/0?ssl_cert_reqs=none")
    assert url.with_db(3).db == 3
    assert url.with_db(3).with_db(0) == url
    assert hash(url) == hash(parse_store_url("rediss://:p@h/0?ssl_cert_reqs=none"))


@pytest.mark.timeout(20)
def test_masking_of_a_long_text_takes_time_in_proportion_to_it() -> None:
    text = "x" * 1_000_000

    assert mask_url(f"{text} redis://:s3cret@host") == f"{text} redis://:**@host"
