"""Prints result documents made of many endings, and what is read from given documents."""

import json
import sys
import types

TRACEBACK = "Traceback (most recent call last):\n  ..."


class Outer:
    class Inner(Exception):
        pass


class Picky(Exception):
    def __init__(self, code, *, reason):
        super().__init__(code, reason)


def local():
    class Local(Exception):
        pass

    return Local("l")


def endings():
    if sys.argv[1] == "taskhub":
        from taskhub import exceptions
    else:
        from celery import exceptions
    return [
        ("SUCCESS", {"answer": [42, None]}, {}),
        ("SUCCESS", None, {"children": [[["child", None], None]]}),
        ("SUCCESS", "Grüße", {"group_id": "g", "parent_id": "p"}),
        ("STARTED", {"pid": 1, "hostname": "h"}, {}),
        ("PROGRESS", {"done": 3}, {}),
        ("RETRY", KeyError("k"), {"traceback": TRACEBACK}),
        ("RETRY", None, {}),
        ("FAILURE", ValueError("a", 1, {2}), {"traceback": TRACEBACK}),
        ("FAILURE", Outer.Inner("x"), {"traceback": TRACEBACK}),
        ("FAILURE", Picky(3, reason="r"), {}),
        ("FAILURE", local(), {}),
        ("FAILURE", OSError(2, "gone", "f"), {}),
        ("FAILURE", exceptions.MaxRetriesExceededError("m"), {}),
        ("FAILURE", exceptions.SoftTimeLimitExceeded(3), {}),
        ("FAILURE", exceptions.WorkerLostError("w"), {}),
        ("FAILURE", exceptions.OperationalError("o"), {}),
        ("FAILURE", exceptions.NotRegistered("n"), {}),
        ("REVOKED", exceptions.TaskRevokedError("revoked"), {}),
        ("SUCCESS", 1, {"extended": True}),
        ("SUCCESS", 1, {"extended": True, "stamps": {"s": 1, "t": 2}, "stamped_headers": ["s"]}),
    ]


EXTENDED = {
    "name": "tasks.add", "args": [1, 2], "kwargs": {"a": 1}, "worker": "celery@h", "retries": 2,
    "queue": "q",
}  # fmt: skip


def ours():
    from taskhub.serialization.result_meta import decode_meta, encode_meta, extended_fields

    def write(status, result, more):
        more = dict(more)
        extended = None
        if more.pop("extended", False):
            extended = extended_fields(
                **EXTENDED,
                stamps=more.pop("stamps", None),
                stamped_headers=more.pop("stamped_headers", None),
            )
        ended = status in ("SUCCESS", "FAILURE", "REVOKED")
        return encode_meta(
            task_id="id",
            status=status,
            result=result,
            date_done="now" if ended else None,
            extended=extended,
            **more,
        )

    return write, decode_meta


def celerys():
    from celery import Celery
    from celery.app.task import Context
    from celery.backends.redis import RedisBackend
    from celery.result import AsyncResult

    def backend(extended):
        app = Celery("t", set_as_current=False)
        app.conf.result_extended = extended
        made = RedisBackend(app=app, url="redis://127.0.0.1:1/0")
        app.now = lambda: types.SimpleNamespace(isoformat=lambda: "now")
        return app, made

    def write(status, result, more):
        app, store = backend(more.get("extended", False))
        request = Context(
            group=more.get("group_id"),
            parent_id=more.get("parent_id"),
            _children=[AsyncResult("child", app=app)] if more.get("children") else [],
            task=EXTENDED["name"],
            args=EXTENDED["args"],
            kwargs=EXTENDED["kwargs"],
            hostname=EXTENDED["worker"],
            retries=EXTENDED["retries"],
            delivery_info={"routing_key": EXTENDED["queue"]},
            stamps=more.get("stamps"),
            stamped_headers=more.get("stamped_headers"),
        )
        meta = store._get_result_meta(
            store.encode_result(result, status), status, more.get("traceback"), request
        )
        meta["task_id"] = "id"
        return store.encode(meta)

    return write, backend(False)[1].decode_result


def shown(meta):
    result = meta["result"]
    if isinstance(result, BaseException):
        meta["result"] = [type(result).__name__, repr(result.args), str(result)]
        meta["importable"] = type(result).__module__ in sys.modules and hasattr(
            sys.modules[type(result).__module__], type(result).__name__
        )
    return meta


def read(document):
    try:
        return shown(decode(document))
    except Exception as error:
        return f"refused {type(error).__name__}"


write, decode = ours() if sys.argv[1] == "taskhub" else celerys()
documents = [write(*ending) for ending in endings()]
json.dump(
    {
        "documents": documents,
        "read": [read(document) for document in [*documents, *json.load(sys.stdin)]],
    },
    sys.stdout,
)
