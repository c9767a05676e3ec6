"""A start is waited for as long as it gets on, and not for ever."""

import os
import subprocess
import sys

from runtime.patience import LONGEST_SECONDS, QUIET_SECONDS, Patience, processor_seconds


def test_what_shows_no_progress_is_given_up_after_the_quiet_time():
    patience = Patience(0.0, quiet=10, longest=100)
    assert not patience.is_over("as before", 1.0)
    assert not patience.is_over("as before", 11.0)
    assert patience.is_over("as before", 11.1)


def test_what_gets_on_is_waited_for_up_to_the_bound():
    patience = Patience(0.0, quiet=10, longest=100)
    assert [patience.is_over(step, step * 9.0) for step in range(12)] == [False] * 12
    assert patience.is_over(12, 100.1)


def test_a_loaded_machine_has_minutes():
    assert QUIET_SECONDS >= 120
    assert 600 <= LONGEST_SECONDS <= 1800


def test_work_is_seen_by_the_processor_time():
    before = processor_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(5_000_000))"], check=True)  # an ended child counts
    assert processor_seconds(os.getpid()) > before


def test_a_process_that_is_gone_has_none():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    assert processor_seconds(gone.pid) == processor_seconds(None) == 0.0
