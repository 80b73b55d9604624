import subprocess

from celery import chain, chord, group
from proj.celery import app
from proj.tasks import add, mul, where, xsum

# Calling tasks
print(add.apply_async((2, 2)).get(timeout=30))
print(add.apply_async((2, 2), queue="hipri", countdown=0.2).get(timeout=30))
print(where.delay().get(timeout=30), where.apply_async(queue="hipri").get(timeout=30))

res = add.delay(2, 2)
print(res.get(timeout=1 * 30), len(res.id), res.parent, res.children)
res = add.delay(2, "2")
try:
    res.get(timeout=30)
except TypeError as error:
    print(error)
print(res.failed(), res.successful(), res.state)

# Canvas: partials
print(add.signature((2, 2), countdown=0.1), add.s(2, 2))
s2 = add.s(2)
print(s2.delay(8).get(timeout=30))

print(add.s(2, 2)(), dict(add.s(4, debug=True))["kwargs"])

# Primitives
print(group(add.s(i, i) for i in range(10))().get(timeout=30))
g = group(add.s(i) for i in range(10))
print(g(10).get(timeout=30))
print(chain(add.s(4, 4) | mul.s(8))().get(timeout=30))
print((add.s(4) | mul.s(8))(4).get(timeout=30))
print(chord((add.s(i, i) for i in range(10)), xsum.s())().get(timeout=30))
print((group(add.s(i, i) for i in range(10)) | xsum.s())().get(timeout=30))

# Remote control, from the program and from the command line
[(name, queues)] = app.control.inspect(limit=1, timeout=30).active_queues().items()
print(name.partition("@")[0], sorted(queue["name"] for queue in queues))
[(name, reply)] = app.control.inspect(["worker1@" + name.partition("@")[2]], timeout=30).ping().items()
print(name.partition("@")[0], reply)
done = subprocess.run(
    ["celery", "-A", "proj", "inspect", "-t", "30", "-d", name, "ping"], capture_output=True, text=True, timeout=60
)
print(done.returncode, "pong" in done.stdout)
done = subprocess.run(
    ["celery", "-A", "proj", "call", "proj.tasks.add", "--args=[1, 2]"],
    capture_output=True, text=True, timeout=60,
)
print(done.returncode, app.AsyncResult(done.stdout.split()[-1]).get(timeout=30))
