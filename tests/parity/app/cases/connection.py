"""The objects that health checks ask for."""

from harness import new_app, outcome


def health_check():
    app = new_app()
    connection = app.connection()
    connection.ensure_connection(max_retries=1)
    found = [connection.connected]
    connection.release()
    return [*found, connection.connected]


def contexts():
    app = new_app()
    found = []
    with app.connection() as connection:
        connection.connect()
        found.append(connection.connected)
    with app.connection_for_write() as connection, app.connection_for_read():
        found.append(type(connection).__name__)
    with app.connection_or_acquire() as connection:
        found.append(connection.ensure_connection() is connection)
    with app.pool.acquire(block=True) as connection:
        found.append(connection.ensure_connection() is connection)
    with app.producer_pool.acquire(block=True) as producer:
        found.append(type(producer).__name__)
    with app.producer_or_acquire() as producer:
        found.append(type(producer).__name__)
        found.append(app.producer_or_acquire(producer).__enter__() is producer)
    return found


def calls_with_a_producer():
    app = new_app()

    @app.task(name="add")
    def add(x):
        pass

    with app.producer_pool.acquire(block=True) as producer:
        first = add.apply_async((1,), producer=producer)
    with app.connection() as connection:
        second = add.apply_async((1,), connection=connection)
    return [first.state, second.state]


def lengths():
    app = new_app()
    app.send_task("a", queue="long")
    app.send_task("b", queue="long")
    with app.connection_or_acquire() as connection:
        return connection.default_channel.queue_declare(queue="long", passive=True).message_count


def addresses():
    app = new_app()
    return [
        outcome(lambda: "secret" in app.connection("redis://u:secret@host:1/0").as_uri()),
        "secret" in app.connection("redis://u:secret@host:1/0").as_uri(include_password=True),
    ]
