from click.testing import CliRunner

from cli.main import youhao
from tests.twin.board import busy, rows, write
from twin.day_file import parse_day


def convert(board, out, *, office="UD_Test", on="2020-01-15"):
    arguments = ["--office", office, "--date", on, "--booked-share", "0.5", "--seed", "1", "--out", str(out)]
    return CliRunner().invoke(youhao, ["convert-warsaw", str(board), *arguments])


def test_writes_a_day_that_drive_can_read_and_says_how_big_it_is(tmp_path):
    board = write(tmp_path / "boards.csv.gz", rows(1, busy(60)))
    done = convert(board, tmp_path / "day.jsonl")
    day = parse_day((tmp_path / "day.jsonl").read_text(encoding="utf-8"))
    assert done.exit_code == 0
    assert f"{len(day.people)} people, 1 lines, {len(day.counters)} counters" in done.output
    assert {person.track for person in day.people} >= {"booked", "walk_in"}


def test_an_unknown_office_is_told_with_the_ones_there_are(tmp_path):
    board = write(tmp_path / "boards.csv.gz", rows(1, busy(60)))
    done = convert(board, tmp_path / "day.jsonl", office="UD_Nowhere")
    assert (done.exit_code, "UD_Test" in done.output) == (1, True)
    assert not (tmp_path / "day.jsonl").exists()
