"""The audit log: who changed what, of how many, and when."""

from __future__ import annotations

from taskhub.engine.port.audit_log import MAX_ENTRIES, AuditEntry
from taskhub.engine.port.engine import Engine
from tests.contract.stage import Clock


def test_entries_are_read_latest_first(engine: Engine, clock: Clock) -> None:
    assert (engine.audit_log.entries(0, 9), engine.audit_log.count()) == ([], 0)
    first = AuditEntry("ann", "queues.pause", "mail")
    second = AuditEntry("bob", "tasks.retry", "state:failed", 17, '{"role": "operator"}')

    engine.audit_log.append(first)
    began = clock.now
    clock.advance(40)
    engine.audit_log.append(second)

    expected = [second._replace(at=clock.now), first._replace(at=began)]
    assert engine.audit_log.entries(0, 9) == expected
    assert engine.audit_log.count() == 2


def test_texts_of_all_kinds_are_kept(engine: Engine) -> None:
    odd = AuditEntry('a"b\n', "x", "队列\n\\", 0, "line\nline")
    engine.audit_log.append(odd)

    (found,) = engine.audit_log.entries(0, 9)

    assert found._replace(at=0) == odd


def test_entries_are_read_in_pages(engine: Engine) -> None:
    for number in range(5):
        engine.audit_log.append(AuditEntry("ann", f"{number}"))

    def page(offset: int, limit: int) -> list[str]:
        return [entry.action for entry in engine.audit_log.entries(offset, limit)]

    assert page(0, 2) == ["4", "3"]
    assert page(2, 2) == ["2", "1"]
    assert page(4, 2) == ["0"]
    assert page(5, 2) == page(0, 0) == []


def test_the_time_is_the_stores(engine: Engine, clock: Clock) -> None:
    engine.audit_log.append(AuditEntry("ann", "x", at=1))

    assert engine.audit_log.entries(0, 1)[0].at == clock.now


def test_only_so_many_are_kept(engine: Engine) -> None:
    for number in range(MAX_ENTRIES + 3):
        engine.audit_log.append(AuditEntry("ann", f"{number}"))

    assert engine.audit_log.count() == MAX_ENTRIES
    assert engine.audit_log.entries(0, 1)[0].action == f"{MAX_ENTRIES + 2}"
    assert engine.audit_log.entries(MAX_ENTRIES - 1, 9)[0].action == "3"
