"""Rules of booking and of the queue, dates of seasons, new halls and reasons of closures as tables."""

from datetime import date

import pytest
from sqlalchemy import select

from booking.hall_rules import rules_of
from booking.ladder import DEFAULT_LADDER
from booking.policy import DEFAULT_POLICY
from booking.tables import import_table
from halls.models import Closure, Hall, PlanSeason
from halls.queries import list_counters, list_groups, policy
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.history import list_revisions
from kernel.tables import TableInvalid
from people.permissions import permissions_of
from queueing.policy import DEFAULT_POLICY as QUEUE
from queueing.tables import KINDS, get_kind
from tests.booking.city_tables import BY, CHIEF, city, find, put, sheet
from tests.conftest import NOW

__all__ = ["city", "sheet"]  # fixtures

HALL = "xihu-station"


def hall_of(session, code=HALL):
    return session.scalars(select(Hall).where(Hall.code == code)).one()


def refused(session, code, cells, **facts):
    with pytest.raises(TableInvalid) as found:
        import_table(session, KINDS[code], cells, **(BY | facts))
    return {(each.line, each.column) for each in found.value.mistakes}


# ---- booking rules ----


def test_booking_rules_of_a_hall_are_set_and_go_back_to_the_usual(session, sheet):
    cells = sheet("booking-rules")
    line = find(cells, hall=HALL)
    put(cells, line, lead_time_minutes="45", beta="0.6", waitlist_from="07:30", duty_share="10")
    put(cells, line, ladder="5 08:30 60%、1 18:00 30%")
    counts = import_table(session, KINDS["booking-rules"], cells, **BY)
    assert (counts.changed, counts.new) == (1, 0)
    rules = rules_of(hall_of(session)).policy
    assert (rules.lead_time.seconds, float(rules.beta), f"{rules.waitlist_from:%H:%M}") == (
        2700,
        0.6,
        "07:30",
    )
    assert [rung.working_days_before for rung in rules.ladder.rungs] == [5, 1]
    assert float(rules.ladder.duty_share) == 0.1
    put(cells, line, lead_time_minutes="", beta="", waitlist_from="", duty_share="", ladder="")
    import_table(session, KINDS["booking-rules"], cells, **BY)
    rules = rules_of(hall_of(session)).policy
    assert (rules.lead_time, rules.ladder) == (DEFAULT_POLICY.lead_time, DEFAULT_LADDER)
    assert len(list_revisions(session, "booking_policy", HALL)) == 3


def test_a_file_may_bring_a_few_rules_only_and_the_others_stay(session, sheet):
    cells = sheet("booking-rules")
    put(cells, find(cells, hall=HALL), suspension_days="14")
    import_table(session, KINDS["booking-rules"], cells, **BY)
    few = [["hall", "max_open_appointments"], [HALL, "3"]]
    import_table(session, KINDS["booking-rules"], few, **BY)
    rules = rules_of(hall_of(session)).policy
    assert (rules.suspension.days, rules.max_open_appointments) == (14, 3)


def test_wrong_booking_rules_are_named_by_line_and_column_and_none_is_taken(session, sheet):
    cells = sheet("booking-rules")
    put(cells, 2, lead_time_minutes="45")
    put(cells, 3, beta="0.99")
    assert refused(session, "booking-rules", cells) == {(3, "beta")}
    put(cells, 3, beta="0.6", ladder="50% at once")
    put(cells, 4, duty_share="50")
    assert refused(session, "booking-rules", cells) >= {(3, "ladder")}
    put(cells, 3, ladder="")
    assert refused(session, "booking-rules", cells) == {(4, "ladder")}


# ---- the rule of the queue ----


def test_the_rule_of_the_queue_is_set_in_minutes_and_percent(session, sheet):
    cells = sheet("queue-rules")
    line = find(cells, hall=HALL)
    assert cells[line - 1][cells[0].index("promise_efficiency")] == ""  # the size of a line decides
    put(
        cells,
        line,
        discipline="fifo",
        promise_efficiency="81",
        late_delay="20",
        absent_after="0",
    )
    import_table(session, KINDS["queue-rules"], cells, **BY)
    said = policy(hall_of(session), "queue")
    assert (said["discipline"], said["promise_efficiency"]) == ("fifo", 0.81)
    assert (said["late_delay_seconds"], said["absent_after_seconds"]) == (1200, 0)
    put(cells, line, discipline="", promise_efficiency="", late_delay="", absent_after="")
    import_table(session, KINDS["queue-rules"], cells, **BY)
    assert policy(hall_of(session), "queue") == {}
    assert QUEUE.discipline == "promise"


def test_wrong_rules_of_the_queue_are_named_by_line_and_column_in_words(session, sheet):
    cells = sheet("queue-rules")
    put(cells, 2, discipline="lottery")
    put(cells, 3, late_delay="999")
    put(cells, 4, absent_after="10")
    with pytest.raises(TableInvalid) as found:
        import_table(session, KINDS["queue-rules"], cells, **BY)
    told = {(each.line, each.column): each.zh for each in found.value.mistakes}
    assert told == {
        (2, "discipline"): "应为 promise、fifo、strict、accumulating 之一",
        (3, "late_delay"): "应在 0 到 240 之间",
        (4, "absent_after"): "重叫和过号的时间应一个比一个晚",
    }
    assert session.query(AuditEntry).filter_by(action="policy.save").count() == 0


def test_rules_are_those_of_ones_own_halls(session, sheet):
    one = Actor("staff", 1, permissions_of(["admin"]), frozenset({hall_of(session).id}))
    for code in ("booking-rules", "queue-rules", "seasons"):
        cells = [*sheet(code), [*SUMMER]]
        assert {row[0] for row in sheet(code, one)[1:]} <= {HALL}
        put(cells, 2, hall="city-hall")
        assert (2, "hall") in refused(session, code, cells[:2], actor=one)
        assert get_kind(code, one).sheet.code == code


# ---- dates of seasons ----

SUMMER = [HALL, "夏季", "Summer", "2026-07-01", "2026-08-31", "是"]


def test_a_season_is_made_with_the_usual_week_moved_and_ended(session, sheet):
    head = sheet("seasons")[0]
    weekly = [row for row in sheet("plan")[1:] if row[0] == HALL and row[2] == "" and row[3]]
    import_table(session, KINDS["seasons"], [head, SUMMER], **BY)
    season = session.scalars(select(PlanSeason).where(PlanSeason.name_zh == "夏季")).one()
    assert (season.first_on, season.last_on) == (date(2026, 7, 1), date(2026, 8, 31))
    assert len([row for row in sheet("plan")[1:] if row[2] == "夏季"]) == len(weekly)
    cells = sheet("seasons")
    again = import_table(session, KINDS["seasons"], cells, **BY)
    assert (again.new, again.changed, again.removed) == (0, 0, 0)
    put(cells, find(cells, name_zh="夏季"), last_on="2026-09-15")
    assert import_table(session, KINDS["seasons"], cells, **BY).changed == 1
    cells = sheet("seasons")
    put(cells, find(cells, last_on="2026-09-15"), active="否")
    import_table(session, KINDS["seasons"], cells, **BY)
    assert "夏季" not in {row[1] for row in sheet("seasons")[1:]}
    assert [row for row in sheet("plan")[1:] if row[2] == "夏季"] == []


def test_a_season_that_ends_before_it_begins_is_named(session, sheet):
    head = sheet("seasons")[0]
    wrong = [*SUMMER[:4], "2026-06-01", "是"]
    assert refused(session, "seasons", [head, wrong]) == {(2, "last_on")}
    assert session.scalars(select(PlanSeason).where(PlanSeason.name_zh == "夏季")).all() == []


# ---- new halls ----

NEW = ["new-hall", "新大厅", "New Hall", "新路1号", "1 New Road", "010-1", "30.1", "120.1"]


def test_a_new_hall_begins_with_a_line_and_the_other_tables_say_the_rest(session, sheet):
    cells = [*sheet("halls"), NEW]
    counts = import_table(session, KINDS["halls"], cells, **BY)
    assert (counts.new, counts.changed) == (1, 0)
    hall = hall_of(session, "new-hall")
    assert [group.code for group in list_groups(session, hall.id)] == ["A"]
    lines = [sheet("lines")[0], ["new-hall", "B", "B", "出入境", "Exit", "10", "9.5", "1", "是"]]
    import_table(session, KINDS["lines"], lines, **BY)
    counters = [sheet("counters")[0], ["new-hall", "2", "", "", "B", "是"]]
    import_table(session, KINDS["counters"], counters, **BY)
    assert [each.number for each in list_counters(session, hall.id)] == [1, 2]


def test_a_new_hall_with_a_mistake_is_not_made(session, sheet):
    wrong = [*NEW[:6], "95", NEW[7]]
    assert refused(session, "halls", [sheet("halls")[0], wrong]) == {(2, "latitude")}
    assert session.scalars(select(Hall).where(Hall.code == "new-hall")).all() == []


def test_only_who_works_in_the_whole_city_makes_halls(session, sheet):
    one = Actor("staff", 1, permissions_of(["admin"]), frozenset({hall_of(session).id}))
    assert refused(session, "halls", [sheet("halls")[0], NEW], actor=one) == {(2, "hall")}


# ---- why a closure holds ----


def test_the_reason_of_a_closure_is_changed_and_nothing_else(session, sheet):
    cells = sheet("closures")
    line = find(cells, reason_zh="检修")
    put(cells, line, reason_zh="空调检修", reason_en="air conditioning")
    counts = import_table(session, KINDS["closures"], cells, **BY)
    assert (counts.changed, counts.new) == (1, 0)
    closure = session.scalars(select(Closure).where(Closure.reason_zh == "空调检修")).one()
    assert (closure.reason_en, closure.lifted_at) == ("air conditioning", None)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "closure.change_reason")).one()
    assert (entry.actor_id, entry.details["wording"]) == (CHIEF.id, "检修 → 空调检修")


def test_a_reason_must_fit_into_a_message_and_what_is_over_keeps_its_own(session, sheet):
    cells = sheet("closures")
    line = find(cells, reason_zh="检修")
    put(cells, line, reason_zh="很" * 21)
    assert refused(session, "closures", cells) == {(line, "reason_zh")}
    put(cells, line, reason_zh="别的")
    closure = session.scalars(select(Closure).where(Closure.reason_zh == "检修")).one()
    assert refused(session, "closures", cells, now=closure.ends_at) == {(line, "last_on")}
    assert closure.ends_at > NOW
