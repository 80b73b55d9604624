import base64
import json

from kombu.serialization import register
from probe import app, nothing

for number in range(3):
    app.send_task(nothing.name, (number,), queue="other")
register("turned", lambda v: json.dumps(v)[::-1], lambda b: json.loads(b[::-1]), "application/x-t")
nothing.apply_async(queue="other", serializer="turned")
with app.connection() as connection:
    channel = connection.default_channel
    told = [
        channel.queue_declare("other", passive=True).message_count,
        channel.client.llen("other"),
        connection.SimpleQueue("other").qsize(),
        app.amqp.queues["other"](channel).queue_declare(passive=True).message_count,
    ]
    # As programs list what waits: the latest is first, and turned.
    waiting = [json.loads(message) for message in channel.client.lrange("other", 0, -1)]
    opened = [json.loads(base64.b64decode(message["body"])) for message in waiting[1:]]
    told += [
        [message["headers"]["task"] for message in waiting],
        [arguments for arguments, _, _ in opened],
        waiting[0]["content-type"],
        len(channel.client.lrange("other", -2, -1)),
    ]
    try:
        connection.Consumer(["other"])
    except AttributeError as error:
        told.append(str(error))
app.backend.set("mine", "1")
told += [app.backend.get("mine").decode(), app.backend.incr("mine"), app.backend.client.ping()]
app.backend.delete("mine")
told.append(app.backend.get("mine"))
print(json.dumps(told))
