"""Prints short texts of many random values."""

import datetime
import json
import sys
from decimal import Decimal
from random import Random

if sys.argv[1] == "taskhub":
    from taskhub.serialization.safe_repr import safe_repr
else:
    from celery.utils.saferepr import saferepr as safe_repr

random = Random(4)


def value(depth=0):
    kind = random.randrange(12 if depth < 5 else 6)
    if kind == 0:
        return random.randrange(-1000, 100000)
    if kind == 1:
        return "x y'z" * random.randrange(6)
    if kind == 2:
        return b"ab\xff"[: random.randrange(4)] * random.randrange(4)
    if kind == 3:
        return random.choice([None, True, 1.5, Decimal("1.2"), range(3)])
    if kind == 4:
        return datetime.date(2020, 1, 1)
    if kind == 5:
        return "word " * random.randrange(30)
    count = random.randrange(4)
    if kind in (6, 7):
        return [value(depth + 1) for _ in range(count)]
    if kind == 8:
        return tuple(value(depth + 1) for _ in range(count))
    if kind in (9, 10):
        return {random.choice(["a", "bb", 3, ("t", 1)]): value(depth + 1) for _ in range(count)}
    return random.choice([set(), frozenset(), {1}, frozenset({2}), {"q"}])


texts = []
for _ in range(4000):
    made = value()
    length = random.choice([None, None, 10, 20, 50, 1024])
    levels = random.choice([3, 3, 1, 2, 0])
    texts.append([repr(made), length, levels, safe_repr(made, length, levels)])
json.dump(texts, sys.stdout)
