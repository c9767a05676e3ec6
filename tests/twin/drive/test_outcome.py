from dataclasses import replace

from tests.twin.drive.people import at, served, visit
from twin.drive.outcome import Outcome, as_json, table
from twin.drive.summary import by_track, figures

CROWD = [
    served(
        1,
        track="booked",
        issued=20,
        called=32,
        slot_at=at(30),
        phone="+8619990000001",
        surveys=1,
        messages=4,
        grade=5,
    ),
    served(2, issued=0, called=15, latest_at=at(20)),
    visit(3, came=True, refusal="walk_ins_stopped"),
]
OUTCOME = Outcome(
    day="small.jsonl",
    hall="small-hall-1",
    on_date="2026-03-04",
    rate=120,
    seed=1,
    tracks=by_track(CROWD),
    overall=figures(CROWD),
    moved=1,
    without_number=0,
    ratings_by_grade={5: 1, 4: 0, 3: 0, 2: 0, 1: 0},
    refusals={"walk_ins_stopped": 1},
    overtime_min=3.5,
    rate_mean=119.6,
    slowest_rate=120,
    lag_p95_s=0.01,
    lag_p95_min=0.02,
    answer_p95_ms={"call-next": 12.3456},
    booking_s=2.0,
    playing_s=100.0,
    violations=(),
)

TABLE = """\
track   arrivals admitted served absent refused left no-shows mean  p50  p90 kept messages surveys ratings
booked         1        1      1      0       0    0        0  2.0  2.0  2.0    –        4       1       1
walk_in        2        1      1      0       1    0        0 15.0 15.0 15.0 100%        0       0       0
green          0        0      0      0       0    0        0    –    –    –    –        0       0       0
all            3        2      2      0       1    0        0  8.5  2.0 15.0 100%        4       1       1
1 booked another half-hour than they wanted, 0 found no number and came without.
Overtime of all counters: 4 min.
Booking took 2 s, the day 100 s at 120 times its speed."""


def test_the_table_has_a_row_per_track():
    assert table(OUTCOME) == TABLE


def test_the_json_has_objects_per_track_and_counts_of_all():
    data = as_json(OUTCOME)
    assert data["arrivals"] == {"booked": 1, "walk_in": 2, "green": 0}
    assert data["wait_mean_min"] == {"booked": 2.0, "walk_in": 15.0, "green": None}
    assert data["wait_p90_min"]["walk_in"] == 15.0
    assert (data["messages_sent"], data["surveys_sent"], data["ratings"]) == (4, 1, 1)
    assert data["overall"]["served"] == 2
    assert data["answer_p95_ms"] == {"call-next": 12.346}
    assert data["violations"] == []


def test_a_machine_that_did_not_keep_up_is_told():
    slowed = table(replace(OUTCOME, slowest_rate=40, rate_mean=90))
    assert "could not keep 120: the clock ran slower for a while (90 on average, 40 at" in slowed
    assert "not to be trusted" in table(replace(OUTCOME, lag_p95_min=1.5))
    assert "could not keep" not in table(OUTCOME)
    assert "not to be trusted" not in table(OUTCOME)


def test_broken_promises_stand_under_the_table():
    assert "broken: left_in_line: A004" in table(replace(OUTCOME, violations=("left_in_line: A004",)))
