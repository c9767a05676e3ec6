"""Comparisons in pairs, and the commands."""

import json
import re
from collections import Counter

import pytest
from click.testing import CliRunner

from cli.main import youhao
from tests.twin.sim.halls import hall
from tests.twin.sim.test_scenario_file import EXAMPLES
from twin.sim.compare import COMPARED, Interval, compare, interval, table, verdict
from twin.sim.report import html
from twin.sim.run import Figures

SMALL = str(EXAMPLES / "small-normal.toml")
DOCUMENT = (EXAMPLES.parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
REQUIRED = {
    "policy", "days", "seed", "arrivals",
    "walk_ins_asked", "walk_ins_refused_share", "walk_ins_same_day_share",
    "booked_wait_p50_min", "booked_wait_p90_min", "booked_within_10_min_share", "walk_in_wait_mean_min",
    "walk_in_wait_p90_min", "mean_wait_min", "promise_kept_share", "started_before_close_share",
    "overtime_p90_min", "counter_hours", "wall_seconds", "citizen_index",
}  # fmt: skip


def twin(*arguments):
    return CliRunner().invoke(youhao, ["twin", *arguments])


def test_run_writes_every_figure(tmp_path):
    out = tmp_path / "run.json"
    done = twin("run", SMALL, "--policy", "fifo", "--days", "2", "--seed", "3", "--json", str(out))
    told = json.loads(out.read_text(encoding="utf-8"))
    assert done.exit_code == 0
    assert set(told) >= REQUIRED
    assert (told["policy"], told["days"], told["seed"]) == ("fifo", 2, 3)
    assert json.loads(done.output) == told


def test_every_figure_and_key_of_the_twin_is_documented_once(tmp_path):
    out = tmp_path / "run.json"
    twin("run", SMALL, "--days", "1", "--json", str(out))
    cells = [line.split("|")[1] for line in DOCUMENT.splitlines() if line.startswith("| `")]
    names = Counter(name for cell in cells for name in re.findall(r"`([^`]+)`", cell))
    about_the_run = {"scenario", "policy", "days", "seed"}
    assert json.loads(out.read_text(encoding="utf-8")).keys() - about_the_run <= names.keys()
    assert [name for name, times in names.items() if times > 1] == []


def test_run_tells_a_wrong_scenario_in_words(tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('format = "youhao-scenario/1"\n', encoding="utf-8")
    done = twin("run", str(wrong))
    assert done.exit_code == 1
    assert "wrong.toml: hall: is missing" in done.output
    assert twin("run", str(tmp_path / "none.toml")).exit_code == 1


def test_compare_prints_a_table_and_writes_a_page(tmp_path):
    page, data = tmp_path / "page.html", tmp_path / "runs.json"
    arguments = ("--policies", "promise,strict", "--seeds", "2", "--days", "2")
    done = twin("compare", SMALL, *arguments, "--html", str(page), "--json", str(data))
    assert done.exit_code == 0
    assert "promise minus the other" in done.output
    assert page.read_text(encoding="utf-8").count("<svg") == 10
    assert "http" not in page.read_text(encoding="utf-8")
    assert [len(runs) for runs in json.loads(data.read_text(encoding="utf-8"))["runs"].values()] == [2, 2]


def test_compare_refuses_a_policy_it_does_not_know():
    done = twin("compare", SMALL, "--policies", "promise,lifo")
    assert done.exit_code == 2
    assert "lifo: choose from promise" in done.output


def test_pairs_meet_the_same_people_so_differences_are_narrower_than_levels():
    found = compare(hall(), policies=("promise", "fifo"), seeds=range(1, 7), days=2)
    assert [run["arrivals"] for run in found.by_policy["promise"]] == [
        run["arrivals"] for run in found.by_policy["fifo"]
    ]
    assert found.difference("fifo", "mean_wait_min").half < found.level("fifo", "mean_wait_min").half
    assert found.difference("promise", "citizen_index") == Interval(0, 0)
    assert "&lt;" not in html(found)
    assert all(figure in table(found) for figure, _ in COMPARED)


def test_one_seed_has_no_interval_and_decides_nothing():
    found = compare(hall(), policies=("promise", "strict"), seeds=(1,), days=2)
    assert found.difference("strict", "mean_wait_min").mean != 0
    assert "±" not in table(found) + html(found)
    assert "better" not in table(found)
    assert "inf" not in html(found)
    assert "nan" not in html(found)


def test_one_policy_is_compared_with_nothing():
    found = compare(hall(), policies=("promise",), seeds=(1, 2), days=1)
    assert "minus" not in table(found) + html(found)


def test_a_report_names_each_row_and_column_for_who_hears_it():
    page = html(compare(hall(), policies=("promise", "fifo"), seeds=(1, 2), days=1))
    assert page.count("<main>") == 1
    assert re.findall(r"<th[^>]*></th>", page) == []
    assert page.count('<th scope="row">') == 2 * len(COMPARED)


def test_no_line_of_a_plot_runs_over_the_names():
    found = compare(hall(), policies=("promise", "fifo"), seeds=(1, 2), days=1)
    starts = [float(x) for x in re.findall(r'<line x1="([^"]+)"', html(found))]
    assert min(starts) == 150.0 < max(starts)


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path, option):
    done = twin("compare", SMALL, "--policies", "promise", option, str(tmp_path / "none" / "out"))
    assert done.exit_code == 2
    assert f"There is no folder {tmp_path / 'none'}." in done.output


def test_all_compared_figures_exist():
    assert {figure for figure, _ in COMPARED} <= set(Figures.__annotations__)


def test_the_interval_is_students():
    found = interval([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    assert found.half == pytest.approx(4.303 / 3**0.5)


def test_the_verdict_needs_an_interval_without_zero():
    assert verdict(Interval(-1, 0.5), less_is_better=True) == "better"
    assert verdict(Interval(-1, 0.5), less_is_better=False) == "worse"
    assert verdict(Interval(-1, 1.5), less_is_better=True) == "="
    assert verdict(Interval(-1, 0.5), less_is_better=None) == "="
