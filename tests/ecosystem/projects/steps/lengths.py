import json

from kombu.serialization import register
from probe import app, nothing

for _ in range(3):
    nothing.apply_async(queue="other")
register("turned", lambda v: json.dumps(v)[::-1], lambda b: json.loads(b[::-1]), "application/x-t")
nothing.apply_async(queue="other", serializer="turned")
with app.connection() as connection:
    channel = connection.default_channel
    told = [
        channel.queue_declare("other", passive=True).message_count,
        channel.client.llen("other"),
        connection.SimpleQueue("other").qsize(),
    ]
app.backend.set("mine", "1")
told += [app.backend.get("mine").decode(), app.backend.incr("mine"), app.backend.client.ping()]
app.backend.delete("mine")
told.append(app.backend.get("mine"))
print(json.dumps(told))
