from tasks import app, heavy, plain, routed, unserved

WAIT = 30

# A worker without -Q serves the queues of the settings, not those that tasks and routes name.
waiting = unserved.delay()
print([task.delay().get(timeout=WAIT) for task in (plain, heavy, routed)])
print({task.delay().get(timeout=WAIT) for task in (heavy, routed) for _ in range(20)})
print({plain.delay().get(timeout=WAIT) for _ in range(20)})
served = app.control.inspect(limit=2, timeout=WAIT).active_queues()
print(
    sorted((name.partition("@")[0], [q["name"] for q in queues]) for name, queues in served.items())
)
print(waiting.state)
[main] = [name for name in served if name.startswith("main")]
app.control.add_consumer("nobody", reply=True, destination=[main], timeout=WAIT)
print(waiting.get(timeout=WAIT))
