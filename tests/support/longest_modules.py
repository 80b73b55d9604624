"""Modules with the longest tests; of several processes, some begin with these.

At the end of a run there are short tests left then, which the processes share until all of them are done.
"""

from __future__ import annotations

from typing import Final

#: From the longest; each has a test, or what its tests share, of 5 s or more.
LONGEST_MODULES: Final = (
    "parity/canvas/test_canvas.py",
    "parity/calls/test_calls.py",
    "parity/programs/test_programs.py",
    "docs/test_example_programs.py",
    "chaos/test_canvases.py",
    "chaos/test_chaos.py",
    "web/test_forms.py",
    "integration/scheduler/test_schedulers.py",
    "house/test_oldest.py",
    "docs/test_examples.py",
    "acceptance/application/test_market_data.py",
    "integration/worker/test_suspects.py",
    "contract/test_machine.py",
    "contract/test_chord_histories.py",
    "typing/test_typing.py",
    "integration/web/test_live.py",
    "web/test_documentation.py",
    "web/test_markup.py",
    "web/test_pages.py",
    "acceptance/test_rolling_deploy.py",
    "parity/worker/test_concurrency.py",
    "integration/web/test_cost.py",
    "acceptance/test_worker.py",
    "integration/worker/test_shutdown.py",
    "acceptance/test_scheduler.py",
    "integration/transactions/test_relay.py",
    "acceptance/test_limits.py",
    "acceptance/test_celery_command.py",
    "acceptance/application/test_task_list.py",
    "integration/actors/test_quant.py",
    "integration/worker/test_lost_connections.py",
    "integration/worker/test_generators.py",
    "acceptance/ecosystem/test_ecosystem.py",
    "integration/worker/test_unknown_tasks.py",
    "integration/worker/test_exits.py",
    "acceptance/test_log_lines.py",
    "integration/worker/test_delays.py",
    "parity/result/test_database.py",
    "parity/schedules/test_schedules.py",
    "integration/web/test_second_messages.py",
    "integration/web/test_restarts.py",
    "integration/worker/test_stuck.py",
    "integration/worker/test_crashes.py",
    "integration/worker/test_replacement.py",
    "web/test_real.py",
    "contract/test_audit_log.py",
    "acceptance/ecosystem/test_dramatiq.py",
    "acceptance/test_dashboard_hosts.py",
    "integration/worker/test_autoscaler.py",
    "acceptance/test_django.py",
    "house/test_replacing_celery.py",
    "house/test_distributions.py",
)
