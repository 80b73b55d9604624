"""When a worker process cannot go on."""

from __future__ import annotations

from taskhub.worker.watchdog import Observation, Vitals, diagnose

WELL = Vitals(courier_lives=True, stepped_at=1.0, event_loop_lives=True)


def test_a_courier_that_moves_is_well_however_slowly() -> None:
    observation = Observation()
    for number in range(100):
        vitals = Vitals(True, float(number // 5), True)
        observation = observation.after(vitals)
        assert diagnose(vitals, observation, 6) is None


def test_a_courier_that_does_not_move_is_stuck_after_so_many_looks() -> None:
    observation = Observation().after(WELL)
    for _ in range(4):
        observation = observation.after(WELL)
        assert diagnose(WELL, observation, 5) is None
    observation = observation.after(WELL)
    assert "stuck for 5 looks" in str(diagnose(WELL, observation, 5))


def test_dead_threads_that_carry_everything_are_noticed_at_once() -> None:
    observation = Observation().after(WELL)
    dead = Vitals(courier_lives=False, stepped_at=1.0, event_loop_lives=True)
    assert "claims and commits is dead" in str(diagnose(dead, observation, 5))
    dead = Vitals(courier_lives=True, stepped_at=1.0, event_loop_lives=False)
    assert "event loop" in str(diagnose(dead, observation, 5))
