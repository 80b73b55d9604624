"""Test cases of Django's, with taskhub's mixin: `manage.py test cases`."""

from django.db import transaction
from orders import tasks
from orders.models import Order
from task_library import TaskResultStatus

from taskhub import chain, chord
from taskhub.contrib.django.testing import TaskhubTestCase, TaskhubTransactionTestCase


class Recorded(TaskhubTestCase):
    def test_nothing_runs_by_itself(self):
        tasks.total.delay(1, second=2)
        (call,) = self.assertEnqueued(tasks.total, [1], {"second": 2}, queue="celery", count=1)
        self.assertEqual(repr(call), "orders.tasks.total(1, second=2) in celery")
        self.assertNotEnqueued(tasks.sum_of)
        with self.assertRaisesMessage(AssertionError, "should have been sent, not 0"):
            self.assertEnqueued(tasks.total, [2])

    def test_each_test_has_a_store_of_its_own(self):
        self.assertEqual(self.enqueued, [])
        self.assertEqual(self.run_tasks(), [])

    def test_tasks_see_the_transaction_of_the_test(self):
        Order.objects.create(number=1)
        tasks.orders_seen.delay()
        self.assertEqual([run.value for run in self.run_tasks()], [1])

    def test_what_waits_for_the_commit_is_named(self):
        tasks.total_on_commit.delay(1)
        with self.assertRaisesMessage(AssertionError, "1 callback waits for the commit"):
            self.assertEnqueued(tasks.total_on_commit)
        self.commit()
        self.assertEnqueued(tasks.total_on_commit, count=1)

    def test_what_follows_runs_too(self):
        chord(
            [tasks.total.s(1), chain(tasks.total.s(2), tasks.total.s(3))], tasks.sum_of.s()
        ).delay()
        self.assertEqual([run.value for run in self.run_tasks()][-1], 6)

    def test_failures_are_raised_unless_they_are_wanted(self):
        tasks.fails.enqueue()
        with self.assertRaises(LookupError):
            self.run_tasks()
        tasks.fails.enqueue()
        (run,) = self.run_tasks(propagates=False)
        self.assertEqual(run.state, "FAILURE")

    def test_delayed_tasks_run_when_time_is_put_forward(self):
        tasks.total.apply_async((1,), countdown=3600)
        self.assertTrue(self.enqueued[0].delayed)
        self.assertEqual(self.run_tasks(), [])
        self.assertEqual([run.value for run in self.run_tasks(delayed=True)], [1])

    def test_django_tasks(self):
        result = tasks.echo.enqueue(5)
        self.assertEnqueued(tasks.echo, [5], queue="mail")
        self.run_tasks()
        result.refresh()
        self.assertEqual((result.status, result.return_value), (TaskResultStatus.SUCCESSFUL, 5))


class Eager(TaskhubTestCase):
    taskhub_eager = True

    def test_calls_run_where_they_are_made(self):
        self.assertEqual(tasks.total.delay(1, 2).get(), 3)
        with self.assertRaises(LookupError):
            tasks.fails.enqueue()


class Committed(TaskhubTransactionTestCase):
    def test_a_worker_sees_what_is_committed(self):
        with self.worker():
            with transaction.atomic():
                Order.objects.create(number=1)
                result = tasks.total_on_commit.delay(1, 2)
            self.assertEqual(result.get(timeout=10), 3)
