"""What is said when a cluster cannot be used, and when a URL is of another form than the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from redis.crc import key_slot

from taskhub import Celery
from taskhub.cli.checks.stores import check_stores
from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import make_engine as engine_of
from taskhub.engine.port.stores import EngineStores
from taskhub.engine.redis.connector import Connector
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.stores import open_client
from tests.contract.stage import message
from tests.integration.cluster.conftest import MakeEngine
from tests.support.cluster import Cluster, client, slot_of
from tests.support.servers import Server, find_free_port, start_valkey
from tests.support.tls import Certificates, TLSFront

PASSWORD = "theirs"


def complaint(url: str, key: str = "{taskhub}") -> str:
    """Return why there is no connection, in one line."""
    connector = Connector(
        parse_store_url(url), client_name="test", socket_timeout=5.0, slot_key=key
    )
    with pytest.raises(OperationalError) as caught:
        connector.connect()
    line = str(caught.value)
    assert "\n" not in line
    assert PASSWORD not in line
    return line


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Server]:
    """A node that belongs to no cluster yet, and wants a password."""
    arguments = (
        *("--cluster-enabled", "yes", "--cluster-port", str(find_free_port())),
        *("--requirepass", PASSWORD),
    )
    with start_valkey(tmp_path, args=arguments) as node:
        yield node


def test_the_form_of_a_url_must_be_that_of_the_server(
    cluster: Cluster, tmp_path: Path, make_engine: MakeEngine
) -> None:
    node = cluster.nodes[0]
    line = complaint(f"redis://127.0.0.1:{node.port}/0")
    assert "is a node of a cluster: write redis+cluster:// and some nodes of it" in line
    line = complaint(f"unix://{node.socket}")
    assert "is a node of a cluster: write redis+cluster://" in line

    with start_valkey(tmp_path, args=("--appendonly", "no")) as server:
        line = complaint(f"redis+cluster://127.0.0.1:{server.port}/")
        assert "is a server without cluster mode: write redis:// for it" in line


def test_a_user_who_may_not_ask_is_told_by_the_first_call(cluster: Cluster, namespace: str) -> None:
    # Without INFO, a plain connection cannot know that it leads to a node.
    owner = cluster.owner(slot_of())
    other = next(node for node in cluster.nodes if node is not owner)
    with client(other) as asked:
        asked.execute_command(
            "ACL", "SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-info"
        )
        try:
            url = parse_store_url(f"redis://limited:pw@127.0.0.1:{other.port}/0")
            with (
                closing(engine_of(EngineStores(broker=url, results=url))) as engine,
                pytest.raises(OperationalError, match=r"node of a cluster .*write redis\+cluster:"),
            ):
                engine.enqueue([message("a")])
        finally:
            asked.execute_command("ACL", "DELUSER", "limited")


def test_a_cluster_that_does_not_serve_the_slot(single: Server) -> None:
    url = f"redis+cluster://:{PASSWORD}@127.0.0.1:{single.port}/"
    line = complaint(url)
    assert f"does not serve hash slot {slot_of()} of {{taskhub}} now (Hash slot not served)" in line
    assert "a node is missing, or the slot has no owner" in line
    assert "wants a password" in complaint(f"redis+cluster://127.0.0.1:{single.port}/")
    assert "did not accept the user or password" in complaint(url.replace(PASSWORD, "wrong"))


def test_no_node_answers() -> None:
    ports = [find_free_port(), find_free_port()]
    places = ",".join(f"127.0.0.1:{port}" for port in ports)
    line = complaint(f"redis+cluster://{places}/")
    assert line.startswith(f"redis+cluster://{places}/ (node 127.0.0.1:{ports[0]}) refused")


@pytest.mark.parametrize("index", range(6))
def test_any_node_leads_to_the_owner(
    cluster: Cluster, make_engine: MakeEngine, namespace: str, index: int
) -> None:
    dead = find_free_port()
    engine = make_engine(f"redis+cluster://127.0.0.1:{dead},127.0.0.1:{cluster.nodes[index].port}/")
    engine.enqueue([message("a")])
    with client(cluster.owner(slot_of(namespace))) as owner:
        keys = owner.keys()
    assert f"{{{namespace}}}:messages".encode() in keys
    assert {key_slot(key) for key in keys} == {slot_of(namespace)}


def test_messages_and_results_are_on_one_cluster(cluster: Cluster) -> None:
    here = parse_store_url(cluster.url)
    for broker, results in (
        (here, parse_store_url("redis://other/0")),
        (parse_store_url("redis://other/0"), here),
        (here, parse_store_url("redis+cluster://other/")),
    ):
        with pytest.raises(ImproperlyConfigured, match="kept on it together; leave result_backend"):
            engine_of(EngineStores(broker=broker, results=results))


def test_doctor_and_clients_know_the_form(cluster: Cluster) -> None:
    app = Celery("shop", broker=cluster.url, set_as_current=False)
    with closing(app):
        findings = list(check_stores(app))
        details = [finding.detail for finding in findings]
        owner = cluster.owner(slot_of())
        assert any(f"(node 127.0.0.1:{owner.port})" in detail for detail in details)
        assert "in the same hash slot of the cluster: a task and its result end in one step" in (
            "\n".join(details)
        )
        assert [finding for finding in findings if finding.level == "fail"] == []
        assert all(check().ok for check in app.store.checks().values())
        assert app.store.url is not None
        with open_client(app.store.url) as keys:
            assert keys.set(f"{app.store.key_prefix}:own", "1")
            assert keys.get(f"{app.store.key_prefix}:own") == b"1"
        assert app.backend.client.get(f"{app.store.key_prefix}:own") == b"1"
        assert app.backend.get_key_for_task("a") == b"{taskhub}_celery-task-meta-a"
        app.backend.client.close()


def test_a_cluster_with_tls(
    cluster: Cluster, tmp_path: Path, make_engine: MakeEngine, namespace: str
) -> None:
    certificates = Certificates(tmp_path)
    owner = cluster.owner(slot_of(namespace))
    with TLSFront(owner.port, certificates) as front:
        url = f"rediss+cluster://localhost:{front.port}/"
        assert "a certificate that was not accepted" in complaint(url, f"{{{namespace}}}")
        engine = make_engine(f"{url}?ssl_ca_certs={quote(str(certificates.authority), safe='')}")
        engine.enqueue([message("a")])
        assert engine.queues()["default"].ready == 1
        engine.close()
