"""Everything or nothing when servers refuse for reasons of their own: rights, memory, types of keys, roles, sizes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import OperationalError
from tests.chaos import contents
from tests.chaos.contents import MAY_LACK, MAY_STAY, differences
from tests.chaos.examination import Examination, prefix_of
from tests.chaos.scenarios.catalogue import SCENARIOS
from tests.chaos.scenarios.registry import PartlyRefusedError
from tests.contract.stage import ENGINES, Clock, Servers, claim_all, completion, message
from tests.support.faulty_proxy import FaultyProxy
from tests.support.refusals import installed
from tests.support.servers import available_servers, start_valkey
from tests.support.workers import until

#: Some of each kind, where a refusal takes its time.
FEW = (
    "commits: batch",
    "commits: chord gets its last part",
    "callers: enqueue few with the same id",
    "workers: claim of what is due",
    "workers: release",
)
USER, PASSWORD = "limited", "secret"
#: Everything on one server, and some on another: rights are the same.
CASES = [
    *(("valkey", name) for name in SCENARIOS),
    *(("redis7", name) for name in FEW if "redis7" in available_servers()),
]
MANY = pytest.mark.parametrize(("kind", "name"), CASES, ids=[": ".join(case) for case in CASES])
SLOW = [case for case in CASES if case[1] in FEW]
SOME = pytest.mark.parametrize(("kind", "name"), SLOW, ids=[": ".join(case) for case in SLOW])

Disturbance = Callable[[], contextlib.AbstractContextManager[None]]


@pytest.fixture
def examination(kind: str, name: str, servers: Servers) -> Iterator[Examination]:
    """A scenario by a user who may do everything, unless a right is taken away."""
    import redis

    clock = Clock()
    with installed():
        engine = ENGINES[kind](servers, clock, EngineRules(max_deliveries=3))
        assert isinstance(engine, RedisEngine)
        client = redis.Redis(unix_socket_path=engine.stores.broker.path)
        rights(client, *EVERYTHING)
        url = dataclasses.replace(engine.stores.broker, username=USER, password=PASSWORD)
        engine = RedisEngine(url, rules=engine.rules, clock=clock)
        yield Examination(SCENARIOS[name], engine, clock, {0: client})
        engine.close()
        client.flushdb()
        client.close()


EVERYTHING = ("reset", "on", f">{PASSWORD}", "+@all", "~*", "&*")


def rights(client: Any, *rules: str) -> None:
    """Change what the user may do; it applies to open connections, too."""
    client.execute_command("ACL", "SETUSER", USER, *rules)


def taken(client: Any, *rules: str) -> Disturbance:
    """Return how some rights are taken away and given back."""

    @contextlib.contextmanager
    def disturbance() -> Iterator[None]:
        rights(client, *rules)
        try:
            yield
        finally:
            rights(client, "+@all", "~*", "&*")

    return disturbance


def client_of(examination: Examination) -> Any:
    return examination.clients[0]


# -- rights


@MANY
def test_a_command_may_be_forbidden(examination: Examination) -> None:
    client = client_of(examination)
    problems = []
    for command in sorted({call.command for call in examination.calls} | {"@scripting"}):
        problems += [
            f"-{command}: {line}"
            for line in examination.disturbed(taken(client, f"-{command.lower()}"))
        ]
    assert problems == []


@MANY
def test_keys_may_be_forbidden(examination: Examination) -> None:
    client = client_of(examination)
    prefixes = sorted({prefix_of(call.key) for call in examination.calls if call.command != "TIME"})
    patterns = ["~{taskhub}", "~refusals:*", *(f"~{prefix}*" for prefix in prefixes)]
    problems = []
    for prefix in prefixes:
        others = [pattern for pattern in patterns if pattern != f"~{prefix}*"]
        rules = {
            f"without {prefix}": ("resetkeys", *others),
            f"reading {prefix}": ("resetkeys", *others, f"%R~{prefix}*"),
        }
        for about, taking in rules.items():
            found = examination.disturbed(taken(client, *taking))
            problems += [f"{about}: {line}" for line in found]
    problems += [
        f"no channels: {line}" for line in examination.disturbed(taken(client, "resetchannels"))
    ]
    assert problems == []


# -- keys of another type


@MANY
def test_a_key_of_another_type_may_be_in_the_way(examination: Examination) -> None:
    problems = []
    for key in dict.fromkeys(call.key for call in examination.calls):
        if key.startswith(("{taskhub}:", "celery-")):
            problems += [f"{key!r}: {line}" for line in _in_the_way(examination, key)]
    assert problems == []


def _in_the_way(examination: Examination, key: str) -> Iterator[str]:
    """Lay a value of another type where a key is, and yield what is wrong then."""
    client, aside = client_of(examination), "refusals:aside"
    act = examination.prepare()
    whole = examination.read()
    kinds = {held[0, key].kind for held in (whole, examination.end) if (0, key) in held}
    if client.exists(key):
        client.rename(key, aside)
    if "string" in kinds:
        client.hset(key, "x", "x")
    else:
        client.set(key, "x")
    before = examination.read()

    def take_away() -> None:
        client.delete(key)
        if client.exists(aside):
            client.rename(aside, key)

    try:
        act()
    except OperationalError as error:
        kept = [contents.without(held, *MAY_STAY) for held in (before, examination.read())]
        yield from (f"half applied, with {error}: {line}" for line in differences(*kept))
        take_away()
        yield from examination.made_once_more(act)
    except PartlyRefusedError:
        take_away()
        yield from examination.in_one_place(whole, examination.read())
    else:
        client.delete(aside)
        # What need not be written is not written over.
        place = (0, key)
        need_not = key.startswith((*MAY_LACK, *MAY_STAY)) or place not in examination.end
        if place in whole and place in examination.end:
            need_not = need_not or whole[place].value == examination.end[place].value
        yield from examination.is_served(examination.read(), *([key] if need_not else []))


# -- memory, roles, sizes


@MANY
def test_there_may_be_no_memory_left(examination: Examination) -> None:
    client = client_of(examination)
    assert examination.disturbed(_configured(client, "maxmemory", "1", "0")) == []


def _configured(client: Any, name: str, value: str, before: str) -> Disturbance:
    @contextlib.contextmanager
    def disturbance() -> Iterator[None]:
        client.config_set(name, value)
        try:
            yield
        finally:
            client.config_set(name, before)

    return disturbance


@SOME
def test_there_may_be_too_few_replicas(examination: Examination) -> None:
    client = client_of(examination)
    assert examination.disturbed(_configured(client, "min-replicas-to-write", "1", "0")) == []


@SOME
def test_the_server_may_have_become_a_replica(examination: Examination) -> None:
    client = client_of(examination)

    @contextlib.contextmanager
    def demoted() -> Iterator[None]:
        # Nobody listens there, so that it keeps what it holds.
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            yield
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")

    assert examination.disturbed(demoted) == []


@SOME
def test_the_server_may_be_unable_to_save(examination: Examination) -> None:
    client = client_of(examination)
    # A directory in the place of the file: to take its place fails, for root, too.
    place = Path(client.config_get("dir")["dir"]) / client.config_get("dbfilename")["dbfilename"]
    (place / "in the way").mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def unable() -> Iterator[None]:
        until(lambda: not client.info()["rdb_bgsave_in_progress"], "the save before to end", 20)
        client.config_set("save", "3600 1")
        client.config_set("stop-writes-on-bgsave-error", "yes")
        try:
            client.bgsave()
            until(lambda: client.info()["rdb_last_bgsave_status"] == "err", "it to fail", 20)
            yield
        finally:
            client.config_set("stop-writes-on-bgsave-error", "no")
            client.config_set("save", "")

    assert examination.disturbed(unable) == []


#: What a proxy, or a server behind it, may say instead of serving.
ANSWERS = ("ERR upstream failure", "NOPERM no", "BUSY a script runs", "LOADING data", "OOM no", "X")


@pytest.mark.parametrize("name", FEW)
def test_a_proxy_may_answer_with_errors(name: str, tmp_path: Path) -> None:
    import redis

    problems = []
    clock = Clock()
    with installed(), start_valkey(tmp_path) as server, FaultyProxy(server.port) as proxy:
        engine = RedisEngine(parse_store_url(proxy.url), rules=EngineRules(), clock=clock)
        client = redis.Redis.from_url(server.url)
        examination = Examination(SCENARIOS[name], engine, clock, {0: client})
        for answer in ANSWERS:

            @contextlib.contextmanager
            def answering(answer: str = answer) -> Iterator[None]:
                proxy.answer = f"-{answer}\r\n".encode()
                try:
                    yield
                finally:
                    proxy.answer = None

            problems += [f"{answer}: {line}" for line in examination.disturbed(answering)]
        engine.close()
        client.flushdb()
        client.close()
    assert problems == []


def test_a_result_may_be_too_large(servers: Servers) -> None:
    import redis

    engine = ENGINES["valkey"](servers, Clock(), EngineRules())
    assert isinstance(engine, RedisEngine)
    with redis.Redis(unix_socket_path=engine.stores.broker.path) as client:
        engine.enqueue([message("a"), message("b")])
        a, b = claim_all(engine)
        large = completion(a)._replace(
            outcome=completion(a).outcome._replace(document="x" * (2 << 20))
        )
        before = contents.read({0: client}, 0)
        with _configured(client, "proto-max-bulk-len", "1mb", "512mb")():
            with pytest.raises(OperationalError):
                engine.commit("w1", [large, completion(b)])
            with pytest.raises(OperationalError):
                engine.enqueue([message("c", body=b"x" * (2 << 20))])
        after = contents.read({0: client}, 0)
        assert differences(*(contents.without(held, *MAY_STAY) for held in (before, after))) == []
        assert engine.commit("w1", [large, completion(b)]) == [True, True]
        client.flushdb()
    engine.close()


# -- commands that a server does not have


def test_a_server_may_lack_a_command(tmp_path: Path) -> None:
    """One server for each command of the engine; rights to start with are those that are left."""
    import redis

    problems = []
    for command in ("HDEL", "ZREM", "ZADD", "PUBLISH", "SET", "RPUSH", "PEXPIRE", "HSETNX"):
        arguments = ("--appendonly", "no", "--rename-command", command, "")
        with start_valkey(tmp_path, args=arguments) as server:
            client = redis.Redis.from_url(server.url)
            problems += [f"without {command}: {line}" for line in _a_life(server, client)]
            client.close()
    assert problems == []


def _a_life(server: Any, client: Any) -> Iterator[str]:
    """Yield each step that is half done."""
    clock, claims = Clock(), list[Claim]()
    engine = RedisEngine(parse_store_url(server.url), rules=EngineRules(), clock=clock)
    steps: list[Callable[[], Any]] = [
        lambda: engine.enqueue([message("a"), message("b"), message("c", delay=5)]),
        lambda: clock.advance(9),
        lambda: engine.store_state("a", '{"status": "STARTED"}', None),
        lambda: claims.extend(engine.claim("w1", ["default"], 10).claims),
        lambda: engine.requeue("w1", ["b"]),
        lambda: engine.commit("w1", [completion(claim) for claim in claims]),
        lambda: engine.revoke("revoker", ["b"], 1000),
        lambda: engine.reclaim("w1"),
    ]
    for number, step in enumerate(steps):
        before = contents.read({0: client}, 0)
        try:
            step()
        except OperationalError as error:
            kept = (
                contents.without(held, *MAY_STAY)
                for held in (before, contents.read({0: client}, 0))
            )
            yield from (f"step {number}: {error}: {line}" for line in differences(*kept))
    engine.close()
