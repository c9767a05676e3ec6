import json
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from cli.main import youhao
from tests import build
from tests.twin.drive.served import PASSWORD, serve
from twin.day_file import format_day, parse_day

SMALL = Path(__file__).parents[3] / "examples" / "days" / "small.jsonl"


@pytest.fixture
def url(parts, tmp_path):
    with serve(parts, tmp_path) as address:
        yield address


def play(url, day, out, *more):
    arguments = [
        "drive",
        "--url",
        url,
        "--day",
        str(day),
        "--json",
        str(out),
        "--password",
        PASSWORD,
        "--keep-rate",
    ]
    return CliRunner().invoke(youhao, [*arguments, *more])


def first_people(folder):
    """The small day's first people, with counters for an hour."""
    day = parse_day(SMALL.read_text(encoding="utf-8"))
    people = [person for person in day.people if person.arrives < time(9, 20) and not person.absent]
    file = folder / "short.jsonl"
    lines = tuple(replace(line, ends=time(10)) for line in day.open)
    file.write_text(format_day(replace(day, people=tuple(people), open=lines)), encoding="utf-8")
    return file


def test_a_whole_small_day_is_played_and_keeps_every_promise(url, tmp_path):
    out = tmp_path / "out.json"
    done = play(url, SMALL, out, "--rate", "900")
    assert (done.exit_code, done.exception) == (0, None), done.output
    told = json.loads(out.read_text(encoding="utf-8"))
    assert told["violations"] == []
    offered = requests.get(f"{url}/api/v1/services", params={"hall": told["hall"]}, timeout=10).json()
    assert offered["services"] == []  # nobody is led to a hall whose day is over
    assert sum(told["arrivals"].values()) == 39
    for track in ("booked", "walk_in", "green"):
        assert told["arrivals"][track] == sum(
            told[key][track] for key in ("served", "absent", "refused", "left")
        )
        assert told["admitted"][track] == told["arrivals"][track] - told["refused"][track]
    assert told["left"] == {"booked": 0, "walk_in": 0, "green": 0}
    assert told["no_shows"]["booked"] == 1
    assert told["messages_sent"] >= 3 * told["served"]["booked"]  # code, confirmation, survey
    assert 0 < told["ratings"] <= sum(told["served"].values())
    assert 0 < told["wait_mean_min"]["walk_in"] <= told["wait_p90_min"]["walk_in"]
    assert "track" in done.output
    assert "played the day" in done.output


def test_a_broken_promise_in_the_data_ends_with_1_and_is_told(url, tmp_path, database):
    with database.transaction() as session:
        group = build.make_group(session, build.make_hall(session))
        build.make_ticket(session, group, state="completed", ended_at=build.at("09:00"))  # never called
    day, out = first_people(tmp_path), tmp_path / "out.json"
    done = play(url, day, out, "--rate", "900", "--patience", "1")
    assert done.exit_code == 1
    violations = json.loads(out.read_text(encoding="utf-8"))["violations"]
    assert [text.partition(":")[0] for text in violations].count("ticket_times_out_of_order") == 1
    assert "broken: ticket_times_out_of_order" in done.output


def test_a_wrong_password_is_told_in_one_sentence(url, tmp_path):
    arguments = ["drive", "--url", url, "--day", str(SMALL), "--password", "not this one"]
    done = CliRunner().invoke(youhao, arguments)
    assert done.exit_code == 1
    assert "the day could not be played: 401" in done.output


def test_a_day_file_with_mistakes_is_refused_before_anything_happens(tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"format": "youhao-day/1"}\n', encoding="utf-8")
    done = play("http://127.0.0.1:9", broken, tmp_path / "out.json")
    assert done.exit_code == 1
    assert "broken.jsonl: line 1" in done.output
