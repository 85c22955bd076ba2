"""A short storm: `nox -s storm` runs the long one."""

from __future__ import annotations

import pytest

pytest.importorskip("real_trade.binance")
pytest.importorskip("real_trade.simulator")

from bugs import BUGS, IN_A_CRASH
from harness import POINTS, kills_of, storm, storm_on_disk
from run import find_bug

QUICKLY_FOUND = (
    "retries_under_a_new_id",
    "takes_not_found_for_never_arrived",
    "takes_a_cancel_that_finds_nothing_for_a_cancel",
    "counts_a_fill_that_is_told_twice_twice",
    "forgets_that_fees_are_taken_in_coins",
    "writes_down_after_sending",
    "takes_what_was_under_way_at_the_crash_for_unsent",
    "forgets_its_position_at_a_restart",
)


def check(verdict):
    assert verdict.is_clean, verdict
    assert verdict.intents > 0


@pytest.mark.parametrize("seed", range(1, 7))
def test_S1_S3_nothing_is_lost_doubled_or_left_open_at_5_percent(seed):
    verdict = storm(seed, 60, 0.05)
    check(verdict)
    assert verdict.hits > 5
    assert verdict.as_scripted >= verdict.intents * 0.85


@pytest.mark.parametrize("seed", range(1, 5))
def test_S1_S3_nothing_is_lost_doubled_or_left_open_at_30_percent(seed):
    verdict = storm(seed, 40, 0.3)
    check(verdict)
    assert verdict.hits > 20


@pytest.mark.parametrize("seed", range(1, 5))
def test_P01_processes_that_are_killed_come_back_with_the_same_books(seed):
    verdict = storm_on_disk(seed, 40, 0.05, kills_of(seed, 3))
    check(verdict)
    assert verdict.kills


@pytest.mark.parametrize("point", POINTS)
def test_every_crash_point_that_a_run_passes_can_be_died_at(point):
    verdict = storm_on_disk(3, 20, 0.05, [(point, 1)])
    check(verdict)
    assert verdict.kills == [f"{point}:1"]


def test_a_seed_repeats_itself_exactly():
    assert storm(11, 30, 0.2) == storm(11, 30, 0.2)


@pytest.mark.parametrize("name", QUICKLY_FOUND)
def test_a_planted_mistake_is_found(name):
    assert find_bug(name) is not None


def test_there_are_mistakes_enough():
    assert len(BUGS) >= 20
    assert set(BUGS) >= IN_A_CRASH
