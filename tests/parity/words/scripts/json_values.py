"""Prints JSON texts of many values, and what is read from given texts."""

import json
import sys
import uuid
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum

if sys.argv[1] == "taskhub":
    from taskhub.serialization.json import dumps, loads, register_type
else:
    from kombu.utils.json import dumps, loads, register_type

Point = namedtuple("Point", "x y")


class Level(IntEnum):
    HIGH = 3


class Color(Enum):
    RED = "red"


class Text(str):
    pass


@dataclass
class User:
    name: str


class Reducible:
    def __json__(self):
        return {"reduced": date(2020, 1, 2)}


class Money:
    def __init__(self, amount):
        self.amount = amount


class Stamp(datetime):
    pass


register_type(Money, "money", lambda value: value.amount, Money)

VALUES = {
    "plain": {"a": [1, 2.5, None, True, "x"], "b": {}},
    "tuple": (1, (2, 3)),
    "namedtuple": Point(1, 2),
    "unicode": "Grüße 你好 \U0001f600 \ud800",
    "escapes": 'a"b\\c\n\t\x00</script>',
    "nan": [float("nan"), float("inf"), float("-inf")],
    "big": 10**40,
    "datetime": datetime(2020, 1, 2, 3, 4, 5, 678),
    "aware": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
    "datetime subclass": Stamp(2020, 1, 2),
    "date": date(2020, 1, 2),
    "time": time(3, 4, 5, 6),
    "decimal": Decimal("1.10"),
    "uuid": uuid.UUID(int=7),
    "bytes": b"text",
    "binary": b"\xff\xfe\x00",
    "intenum": Level.HIGH,
    "str subclass": Text("t"),
    "json method": Reducible(),
    "registered": Money(3),
    "keys": {1: "a", 1.5: "b", False: "c", None: "d"},
    "envelope": {"__type__": "date", "__value__": "2020-01-02"},
    "enum": Color.RED,
    "dataclass": User("a"),
    "set": {1},
    "frozenset": frozenset({1}),
    "timedelta": timedelta(1),
    "object": object(),
    "bytearray": bytearray(b"a"),
    "complex": 1j,
    "tuple key": {(1, 2): 3},
    "date key": {date(2020, 1, 2): 3},
}

TEXTS = [
    '{"__type__": "datetime", "__value__": "2020-01-02T03:04:05+00:00"}',
    '{"__type__": "date", "__value__": "2020-01-02"}',
    '{"__type__": "time", "__value__": "03:04:05"}',
    '{"__type__": "decimal", "__value__": "1.10"}',
    '{"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000007"}}',
    '{"__type__": "bytes", "__value__": "a"}',
    '{"__type__": "base64", "__value__": "//4A"}',
    '{"__type__": "money", "__value__": 3}',
    '{"__type__": "nobody", "__value__": 3}',
    '{"__type__": "date"}',
    '{"__type__": "date", "__value__": "2020-01-02", "more": 1}',
    '[{"a": {"__type__": "date", "__value__": "2020-01-02"}}]',
    "[NaN, Infinity, -Infinity]",
    '"\\ud800"',
    " [1, 2] ",
    "",
    "[1,",
    "{'a': 1}",
]


def written(value):
    try:
        # Read and written again without regard to white space.
        return json.dumps(json.loads(dumps(value)), sort_keys=True)
    except Exception:
        return "refused"


def read(text):
    try:
        value = loads(text)
    except Exception:
        return "refused"
    if isinstance(value, Money):
        return f"Money {value.amount}"
    return f"{type(value).__name__} {value!r}"


texts = [*TEXTS, *json.load(sys.stdin)]
json.dump(
    {
        "written": {name: written(value) for name, value in VALUES.items()},
        "read": [read(text) for text in texts] + [read(text.encode()) for text in TEXTS],
        "texts": [dumps(value) for value in VALUES.values() if written(value) != "refused"],
    },
    sys.stdout,
)
