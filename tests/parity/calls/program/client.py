"""Makes calls, and prints what came of each as JSON."""

import datetime
import json
import sys
import time
import warnings

import program as p
from program import app, celery

chain, group, chord = celery.chain, celery.group, celery.chord
CASES = {}


def case(function):
    """Add a function to the cases."""
    CASES[function.__name__] = function
    return function


def got(result, timeout=30):
    """Return what a result came to."""
    try:
        return result.get(timeout=timeout)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def noted(name, count=1, quiet=0.0, timeout=30):
    """Return what was noted under a name, when there is so much of it and no more for so long, seconds."""
    deadline = time.monotonic() + timeout
    while p.notes.llen(f"note:{name}") < count and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(quiet)
    return [json.loads(text) for text in p.notes.lrange(f"note:{name}", 0, -1)]


def guarded(signature, errback):
    """Return a signature with an errback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature.link_error(errback)
    return signature


def errback(signature, name):
    """Return what an errback noted."""
    guarded(p.fail.s(), signature).delay()
    return noted(name)


@case
def errback_of_three():
    return errback(p.three.s(), "three")


@case
def errback_of_three_with_a_keyword():
    return errback(p.three_and_keyword.s(order=7), "three_and_keyword")


@case
def errback_of_one_with_a_keyword():
    return errback(p.one_and_keyword.s(order=7), "one_and_keyword")


@case
def errback_of_three_with_an_argument():
    return errback(p.three_and_argument.s("mine"), "three_and_argument")


@case
def errback_of_one_with_a_default_that_is_given():
    return errback(p.one_and_default.s(order=2), "one_and_default")


@case
def errback_of_any_arguments():
    return errback(p.any_arguments.s(order=2), "any_arguments")


@case
def errback_that_is_bound():
    return errback(p.bound.s(order=2), "bound")


@case
def errback_of_a_class():
    return errback(p.of_a_class.s(), "of_a_class")


@case
def errback_that_is_immutable():
    return errback(p.immutable.si("a", "b", "c"), "immutable")


@case
def errback_whose_first_parameter_is_stored():
    return errback(p.first_is_stored.s(order=3), "first_is_stored")


@case
def errback_of_a_chord_in_a_chord():
    p.notes.delete("note:count_errors")
    inner = chord([p.fail.s(), p.same.s(1)], p.same.s())
    canvas = guarded(chord([inner, p.same.s(2)], p.same.s()), p.count_errors.s())
    return [got(canvas.delay()), noted("count_errors", quiet=1.5)]


@case
def errbacks_on_the_header():
    p.notes.delete("note:count_errors")
    app.conf.task_allow_error_cb_on_chord_header = True
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            canvas = chord([p.fail.s(1), p.fail.s(2), p.same.s(3)], p.same.s())
            canvas.link_error(p.count_errors.s())
    finally:
        app.conf.task_allow_error_cb_on_chord_header = False
    canvas.delay()
    return [len(told), noted("count_errors", 3, quiet=1.5)]


@case
def errbacks_on_the_header_in_a_chain():
    p.notes.delete("note:count_errors")
    app.conf.task_allow_error_cb_on_chord_header = True
    try:
        canvas = p.same.s(1) | group(p.fail.s(), p.same.s()) | p.same.s()
        canvas.link_error(p.count_errors.s())
        canvas.delay()
        return noted("count_errors", 2, quiet=1.5)
    finally:
        app.conf.task_allow_error_cb_on_chord_header = False


@case
def errbacks_on_the_header_by_an_option():
    p.notes.delete("note:count_errors")
    app.conf.task_allow_error_cb_on_chord_header = True
    try:
        canvas = chord([p.fail.s(1), p.fail.s(2)], p.same.s())
        canvas.apply_async(link_error=p.count_errors.s())
        return noted("count_errors", 1, quiet=1.5)
    finally:
        app.conf.task_allow_error_cb_on_chord_header = False


@case
def naive_eta_is_utc():
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    soon = p.tell.apply_async(eta=now + datetime.timedelta(seconds=1))
    return isinstance(got(soon, 15), dict)


@case
def naive_expires_is_utc():
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    minute = datetime.timedelta(seconds=60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            type(got(p.tell.apply_async(expires=now + minute), 15)).__name__,
            got(p.tell.apply_async(expires=now - minute), 15),
        ]


@case
def date_as_eta():
    return isinstance(got(p.tell.apply_async(eta=datetime.date(2020, 1, 1)), 15), dict)


@case
def empty_group_in_a_chain():
    return got((p.same.s(1) | group([]) | p.same.s()).delay())


@case
def empty_group_in_the_middle_of_a_chain():
    return got(chain(p.same.s(1), group([]), p.same.s(), p.same.s()).delay())


@case
def empty_group_at_the_end_of_a_chain():
    return got(chain(p.same.s(1), group([])).delay())


@case
def empty_group_at_the_beginning_of_a_chain():
    return got(chain(group([]), p.same.s()).delay())


@case
def bare_tasks_in_a_header():
    return got(chord([p.one, p.one], p.total.s()).delay())


@case
def bare_tasks_in_a_group():
    return got(group([p.one, p.one]).delay())


@case
def bare_task_as_a_body():
    return got(chord([p.one.s(), p.one.s()], p.total).delay())


@case
def children_of_what_comes_before_a_chord():
    result = (p.same.s(1) | chord([p.same.s(), p.same.s()], p.total.s())).delay()
    value = got(result)
    top = result
    while top.parent is not None:
        top = top.parent
    top.get(timeout=10)
    return [value, [type(child).__name__ for child in top.children or ()]]


@case
def retry_keeps_ignore_result():
    result = p.retry_once.apply_async(ignore_result=True)
    told = noted("retry_once", quiet=0.5)
    return [told, app.AsyncResult(result.id).state]


@case
def retry_with_a_class():
    return got(p.retry_class.delay())


@case
def requeued():
    return [got(p.requeue.delay()), noted("requeue")]


@case
def requests_know_stamps_and_properties():
    return got(p.tell.apply_async(app_id="mine"))


@case
def headers_in_headers():
    given = [None, {"a": 1}, {"a": 1, "headers": {"b": 2}}, {"headers": {"b": 2}}]
    return [
        got(p.tell_headers.apply_async((again,), headers=headers))
        for headers in given
        for again in (False, True)
    ]


@case
def reprs_after_a_retry():
    p.tell_repr.apply_async((1,), {"a": 2}, argsrepr="***", kwargsrepr="{***}")
    return noted("tell_repr", 2)


@case
def what_json_cannot_hold():
    result = p.started.apply_async((p.Thing(),), {"key": p.Thing()}, serializer="pickle")
    # In Celery it never ends.
    return got(result, 1 if p.celery.__name__ == "celery" else 30)


@case
def models():
    return [
        got(p.validated.delay({"number": 3})),
        got(p.validated.delay(None)).partition("\n")[0],
        got(p.maybe_validated.delay(None)),
    ]


@case
def an_event_loop():
    return got(p.event_loop.delay())


def eager(call):
    """Return what an eager call comes to."""
    try:
        result = call()
        return [result.state, repr(result.result)]
    except Exception as error:
        return f"raised {error!r}"


@case
def eager_links_that_fail():
    found = [eager(lambda: p.same.apply((1,), link=p.fail.s()))]
    app.conf.task_always_eager = True
    try:
        found.append(eager(lambda: p.same.apply_async((1,), link=p.fail.s())))
        found.append(eager(lambda: p.same.apply_async((1,), link=[p.fail.s(), p.same.s()])))
        app.conf.task_eager_propagates = True
        found.append(eager(lambda: p.same.apply_async((1,), link=p.fail.s())))
        found.append(eager(lambda: p.fail.apply_async((1,), link_error=p.fail.s())))
    finally:
        app.conf.task_always_eager = app.conf.task_eager_propagates = False
    return found


if p.celery.__name__ == "taskhub":
    # What Celery cannot do.

    @case
    def errback_that_is_a_coroutine_function():
        return errback(p.coroutine_of_three.s(), "coroutine_of_three")

    @case
    def coroutines_of_ordinary_functions():
        return [got(p.wrapped.delay(1)), got(p.wrapped_and_retried.delay())]

    @case
    def stored_arguments_that_json_cannot_hold():
        result = p.same.apply_async((p.Thing(),), {}, serializer="pickle")
        got(result)
        return app.AsyncResult(result.id).args


def outcome(function):
    try:
        return function()
    except Exception as error:
        return f"raised {error!r}"


chosen = sys.argv[1:] or list(CASES)
sys.stdout.write(json.dumps({name: outcome(CASES[name]) for name in chosen}))
