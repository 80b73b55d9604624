import json
import time

from celery import chain, chord, chunks, group, signature
from celery.canvas import Signature
from tasks import add, app, fail, fibonacci, log_error, mul, noop, on_chord_error, say, store, tsum, xsum

WAIT = 30


def poll(read):
    deadline = time.monotonic() + WAIT
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def said(key, count):
    """Return what tasks have pushed to a list, when there is enough."""
    poll(lambda: store.llen(key) >= count)
    return sorted(word.decode() for word in store.lrange(key, 0, -1))


# Signatures
s = signature("tasks.add", args=(2, 2), countdown=1)
print(s, s.args, s.kwargs, s.options)
s = add.signature((2, 2), {"debug": True}, priority=3)
again = Signature.from_dict(json.loads(json.dumps(s)))
print(sorted(json.loads(json.dumps(s))), list(again.args), again.kwargs, again.options)
s = add.s(2, 2)
s.set(countdown=0, expires=60)
print(sorted(s.options), s.clone(args=(1,)).args, add.si(2, 2).immutable)
print(add.s(2).clone((4,)).delay().get(timeout=WAIT))

# Callbacks
res = add.apply_async((2, 2), link=add.s(8))
print(res.get(timeout=WAIT), [child.get(timeout=WAIT) for child in poll(lambda: res.children)])
print([value for _, value in res.collect()])
mul.apply_async((2, 3), link=say.si("linked"))
print(said("said", 1))

# Chains
c = chain(add.s(4, 4), mul.s(8), mul.s(10))
print(c().get(timeout=WAIT))
res = (add.si(2, 2) | add.si(4, 4) | add.si(8, 8))()
print(res.get(timeout=WAIT), res.parent.get(timeout=WAIT), res.parent.parent.get(timeout=WAIT))
c1 = add.s(4) | mul.s(8)
print(c1(16).get(timeout=WAIT), (add.s(1, 1) | c1).apply_async().get(timeout=WAIT))
print(len(list(res.parent.parent.iterdeps(intermediate=True))))

# Groups
g = group(add.s(i, i) for i in range(5))
res = g.apply_async()
print(len(res), res.get(timeout=WAIT), res.successful(), res.completed_count())
print(group([add.s(2, 2), add.s(4, 4)])().join(timeout=WAIT), res.join())
res.save()
restored = app.GroupResult.restore(res.id)
print([r.get(timeout=WAIT) for r in restored.results] == res.get())
res = group([add.s(1, 1), fail.s()])()
print([str(value) for value in res.get(propagate=False, timeout=WAIT)], res.failed())

# Chords
print(chord(add.s(i, i) for i in range(100))(tsum.s()).get(timeout=WAIT))
print(chord([add.s(2, 2), add.s(4, 4)], noop.si("done"))().get(timeout=WAIT))
res = chord([add.s(1, 1), fail.s()])(xsum.s().on_error(on_chord_error.s()))
try:
    res.get(timeout=WAIT)
except Exception as error:
    print(type(error).__name__, error)
print(said("errors", 1))
print((group(add.s(i, i) for i in range(4)) | xsum.s() | add.s(100)).apply_async().get(timeout=WAIT))
print(chain(group(add.s(1, 1), add.s(2, 2)), xsum.s(), group(mul.s(2), mul.s(3)))().get(timeout=WAIT))
nested = chord([chord([add.s(1, 1), add.s(2, 2)], xsum.s()), add.s(5, 5)], xsum.s())
print(nested().get(timeout=WAIT))

# Error callbacks
res = chain(add.s(1, 1), fail.s(), mul.s(2)).apply_async(link_error=log_error.s())
try:
    res.get(timeout=WAIT)
except ValueError as error:
    # Each of a chain's results is stored on its own.
    res.parent.get(timeout=WAIT, propagate=False)
    print(error, res.state, res.parent.state)
print(said("errors", 2))

# Map, starmap, chunks
print(xsum.map([list(range(10)), list(range(100))]).delay().get(timeout=WAIT))
print(add.starmap(zip(range(10), range(10))).apply_async(countdown=0).get(timeout=WAIT))
print(add.chunks(zip(range(10), range(10)), 3)().get(timeout=WAIT))
print(chunks(add.s(), [(1, 2), (3, 4), (5, 6)], 2).group().apply_async().get(timeout=WAIT))
print(type(chunks(add.s(), zip(range(4), range(4)), 2)).__name__)

# Replacing, and stamps
print(fibonacci.delay(6).get(timeout=WAIT))
sig = add.si(2, 2)
sig.stamp(stamped_headers=["monitoring_id"], monitoring_id="abc")
print(sig.delay().get(timeout=WAIT), sorted(sig.options["stamped_headers"]))
