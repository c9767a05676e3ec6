"""Each benchmark runs and gives its row. How fast anything is, no test says."""

import json

import pytest
from click.testing import CliRunner

from bench.result import HEADINGS, Result, percentile, table
from bench.run import BENCHMARKS, run_on
from bench.scale import TINY
from bench.stage import NotEmpty, stage
from cli.main import youhao
from kernel import clock, crypto
from tools.need_chromium import HOW_TO_GET_IT, find_chromium
from tools.profile_booking import PARTS, REST, measure
from tools.soak import KINDS
from tools.soak import run as soak

KEYS = {"name", "unit", "ours", "floor", "ratio", "p50_ms", "p95_ms", "p99_ms", "runs", "violations"}


@pytest.fixture(autouse=True)
def keys_of_the_tests(cipher):
    """A benchmark sets the keys and the clock of its own process."""
    yield
    crypto.configure(cipher)
    clock.use_demo_file(None)


@pytest.fixture(scope="module")
def played(cipher):
    """The row of each benchmark, and two bookings under the profiler."""
    with stage() as made:
        return {name: run_on(made, name, TINY) for name in BENCHMARKS}, measure(made, 2)


@pytest.fixture(scope="module")
def results(played):
    return played[0]


def test_every_benchmark_gives_its_row(results):
    assert list(results) == list(BENCHMARKS)
    assert {name: list(result.violations) for name, result in results.items() if result.violations} == {}
    for result in results.values():
        row = json.loads(result.as_json())
        assert row.keys() >= KEYS
        assert row["ours"] > 0
        assert row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]


def test_what_has_a_floor_is_told_beside_it(results):
    for name in ("book", "availability", "sold-out", "availability-cold"):
        assert results[name].floor > 0
        assert results[name].ratio > 0


def test_a_run_too_small_to_judge_says_so(results):
    assert {result.verdict for result in results.values()} == {"small"}


def test_a_broken_invariant_is_worse_than_slowness():
    result = Result("rush", "citizens/s", 1.0, "exact", meets=True, runs=1, violations=["501 booked"])
    assert result.verdict == "BROKEN"


def test_the_table_has_a_row_each(results):
    lines = table(list(results.values())).splitlines()
    assert len(lines) == 1 + len(BENCHMARKS)
    assert lines[0].split()[0] == HEADINGS[0]


def test_the_profile_of_a_booking_shares_its_time_out_over_whose_code_it_is(played):
    found = played[1]
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert {*PARTS, REST} >= set(found.shares) >= {"our own code", "Flask and werkzeug", REST}
    assert found.calls > 100
    assert found.each_ms > 0


def test_percentiles_are_values_that_were_seen():
    assert [percentile([3, 1, 2], percent) for percent in (0, 50, 99)] == [1, 2, 3]


def test_a_database_with_tables_is_refused_and_left_alone(servers):
    with pytest.raises(NotEmpty), stage(database_url=servers.database_url, redis_url=servers.redis_url):
        pass


def test_a_name_that_is_no_benchmark_is_refused():
    answer = CliRunner().invoke(youhao, ["bench", "everything"])
    assert answer.exit_code == 2
    assert "availability-cold" in answer.output


@pytest.mark.faults
@pytest.mark.skipif(find_chromium() is None, reason=HOW_TO_GET_IT)
def test_a_minute_of_soak_measures_server_and_page_and_every_listener_hears():
    found = soak(minutes=1.0, listeners=30, every=3.0)
    assert found.refused == 0
    assert found.nudges >= found.calls * found.listeners
    assert set(found.slopes) == {*KINDS.values(), "page_scripts", "page_nodes"}
    assert all(sample[kind] > 0 for sample in found.samples for kind in KINDS.values())
    assert "after warm-up" in found.table()
