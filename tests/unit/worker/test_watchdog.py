"""When a worker process cannot go on."""

from __future__ import annotations

from taskhub.worker.watchdog import Observation, Vitals, diagnose

WELL = Vitals(exchange_loop_is_alive=True, stepped_at=1.0, event_loop_is_alive=True)


def test_a_exchange_loop_that_moves_is_well_however_slowly() -> None:
    observation = Observation()
    for number in range(100):
        vitals = Vitals(True, float(number // 5), True)
        observation = observation.after(vitals)
        assert diagnose(vitals, observation, 6) is None


def test_a_exchange_loop_that_does_not_move_is_stuck_after_so_many_checks() -> None:
    observation = Observation().after(WELL)
    for _ in range(4):
        observation = observation.after(WELL)
        assert diagnose(WELL, observation, 5) is None
    observation = observation.after(WELL)
    assert "stuck for 5 checks" in str(diagnose(WELL, observation, 5))


def test_dead_threads_that_carry_everything_are_noticed_at_once() -> None:
    observation = Observation().after(WELL)
    dead = Vitals(exchange_loop_is_alive=False, stepped_at=1.0, event_loop_is_alive=True)
    assert "claims and commits is dead" in str(diagnose(dead, observation, 5))
    dead = Vitals(exchange_loop_is_alive=True, stepped_at=1.0, event_loop_is_alive=False)
    assert "event loop" in str(diagnose(dead, observation, 5))
