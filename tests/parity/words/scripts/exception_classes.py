"""Prints the shape of every public exception, and how instances of it appear."""

import json
import sys

if sys.argv[1] == "taskhub":
    import celery.exceptions
    from taskhub import exceptions, states

    # What only programs for Celery need is in taskhub-compat.
    for name in ("CeleryCommandException", "RetryTaskError", "SystemTerminate"):
        setattr(exceptions, name, getattr(celery.exceptions, name))
else:
    from kombu import exceptions as kombus

    from celery import exceptions, states

    for name in (
        "KombuError",
        "SerializationError",
        "EncodeError",
        "DecodeError",
        "SerializerNotInstalled",
        "ContentDisallowed",
    ):
        setattr(exceptions, name, getattr(kombus, name))

CALLS = {
    "none": ((), {}),
    "one": (("text",), {}),
    "two": (("text", 2), {}),
    "ids": ((), {"task_id": "id", "state": "FAILURE"}),
    "arguments": (("m",), {"task_args": [1], "task_kwargs": {"a": 1}}),
    "retry": ((), {"message": "m", "exc": KeyError("k"), "when": 3, "is_eager": True, "sig": "s"}),
    "retry because": ((None, KeyError("k"), 3), {}),
    "retry text": ((None, "because", 3), {}),
    "reject": (("reason", True), {}),
}

ATTRIBUTES = (
    "message",
    "excs",
    "when",
    "is_eager",
    "sig",
    "reason",
    "requeue",
    "task_args",
    "task_kwargs",
    "task_id",
    "state",
    "exit_code",
    "code",
)


def appearance(kind, args, kwargs):
    try:
        made = kind(*args, **kwargs)
    except TypeError:
        return "refused"
    shown = {
        "str": str(made),
        "repr": repr(made),
        "attributes": {
            name: repr(getattr(made, name)) for name in ATTRIBUTES if hasattr(made, name)
        },
    }
    if hasattr(made, "humanize"):
        shown["humanize"] = made.humanize()
    if kind.__name__ == "Retry":
        shown["exc"] = repr(made.exc)
    return shown


classes = {
    name: found
    for name in dir(exceptions)
    if not name.startswith("_")
    and isinstance(found := getattr(exceptions, name), type)
    and issubclass(found, BaseException)
}
NAMES = [
    "PENDING", "RECEIVED", "STARTED", "SUCCESS", "FAILURE", "REVOKED", "REJECTED", "RETRY",
    "IGNORED", "PROGRESS",
]  # fmt: skip
SETS = ["READY_STATES", "UNREADY_STATES", "EXCEPTION_STATES", "PROPAGATE_STATES", "ALL_STATES"]
json.dump(
    {
        "classes": {
            name: {
                "mro": [parent.__name__ for parent in found.__mro__],
                "made": {
                    call: appearance(found, args, kwargs) for call, (args, kwargs) in CALLS.items()
                },
            }
            for name, found in classes.items()
        },
        "states": {
            "sets": {name: sorted(getattr(states, name)) for name in SETS},
            "precedence": {name: states.precedence(name) for name in NAMES},
            "list": states.PRECEDENCE,
            "lookup": [repr(item) for item in states.PRECEDENCE_LOOKUP.items()],
            "none": states.NONE_PRECEDENCE,
            "order": [
                [a, b, x < y, x <= y, x > y, x >= y, x == y]
                for a in NAMES
                for b in NAMES
                for x, y in [(states.state(a), states.state(b))]
            ],
        },
    },
    sys.stdout,
)
