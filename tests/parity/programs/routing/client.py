import time

from celery import group
from proj.celery import app
from proj.tasks import compress, cut, import_feed, news, own, plain, small

WAIT = 30

for task in (import_feed, compress, small, cut, plain, own):
    print(task.name, task.delay().get(timeout=WAIT))
print(news.delay("news").get(timeout=WAIT), news.delay("sport").get(timeout=WAIT))

# The call's own queue goes before the routes.
print(import_feed.apply_async(queue="images").get(timeout=WAIT))
print(own.apply_async(queue="feeds").get(timeout=WAIT))
print(app.send_task("images.compress").get(timeout=WAIT))
print(group(plain.s(), compress.s(), plain.s().set(queue="feeds"))().get(timeout=WAIT))
print((compress.s() | plain.si() | cut.si())().get(timeout=WAIT))

# What is routed where, without sending
route = app.amqp.router.route({}, "images.compress", args=(), kwargs={})
print(route["queue"].name, app.conf.task_default_queue)

# Who serves what, and that it can be changed
served = app.control.inspect(limit=2, timeout=WAIT).active_queues()
print(sorted((name.partition("@")[0], sorted(q["name"] for q in queues)) for name, queues in served.items()))
[images] = [name for name in served if name.startswith("images")]
[reply] = app.control.add_consumer("extra", reply=True, destination=[images], timeout=WAIT)
print(reply[images])
print(plain.apply_async(queue="extra").get(timeout=WAIT)[1])
app.control.cancel_consumer("extra", reply=True, destination=[images], timeout=WAIT)
# The worker replies before it has done so.
deadline = time.monotonic() + WAIT
inspect = app.control.inspect([images], timeout=WAIT)
while any(queue["name"] == "extra" for queue in inspect.active_queues()[images]) and time.monotonic() < deadline:
    time.sleep(0.05)
waiting = plain.apply_async(queue="extra")
print(app.control.purge() >= 0, waiting.state)
