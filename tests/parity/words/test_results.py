"""Result documents are Celery's, and each side reads the other's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]

ATTACKS = [
    {"status": "FAILURE", "result": {"exc_type": "system", "exc_module": "os", "exc_message": "x"}},
    {"status": "FAILURE", "result": {"exc_type": "eval", "exc_module": "builtins"}},
    {"status": "FAILURE", "result": {"exc_module": "builtins", "exc_message": "no type"}},
    {"status": "FAILURE", "result": 3},
    {
        "status": "FAILURE",
        "result": {"exc_type": "Gone", "exc_module": "no.such", "exc_message": []},
    },
    {"status": "FAILURE", "result": {"exc_type": "NoModule", "exc_message": ["a"]}},
    {"status": "FAILURE", "result": {"exc_type": "UnicodeDecodeError", "exc_module": "builtins"}},
    {"status": "FAILURE", "result": {}},
]


def test_documents_have_the_same_fields_in_the_same_order(ours: Run, celerys: Run) -> None:
    us, them = (run("results.py", [])["documents"] for run in (ours, celerys))

    assert [ordered(text) for text in us] == [ordered(text) for text in them]


def test_each_reads_the_others_documents(ours: Run, celerys: Run) -> None:
    our_documents, their_documents = (run("results.py", [])["documents"] for run in (ours, celerys))

    we_read = ours("results.py", their_documents)["read"]
    they_read = celerys("results.py", our_documents)["read"]

    assert [unstated(meta) for meta in we_read] == [unstated(meta) for meta in they_read]


def test_documents_of_an_attacker_are_refused_alike(ours: Run, celerys: Run) -> None:
    documents = [json.dumps(attack) for attack in ATTACKS]

    us, them = (run("results.py", documents)["read"] for run in (ours, celerys))

    assert us[-len(ATTACKS) :] == them[-len(ATTACKS) :]
    assert "refused SecurityError" in us


def ordered(text: str) -> Any:
    return json.loads(text, object_pairs_hook=list)


def unstated(meta: Any) -> Any:
    # A stand-in for a local class says where it is kept, which is in our module or in Celery's.
    if isinstance(meta["result"], list) and "Picky" in str(meta["result"]):
        meta["result"] = "an exception that names Picky"
    return meta
