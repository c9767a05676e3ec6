"""The cockpit's page of demand that found no number: per day, service and hall, and as a file."""

import csv
import io
from datetime import timedelta

import pytest

from booking.attempts import WHOLE_CITY, record_look, visitor_of
from tests import build

PAGE = "/cockpit/demand"
YESTERDAY = build.TODAY - timedelta(days=1)


def look(faces, visitor, *, found=False, hall_id=None, on=build.TODAY, service=None):
    with faces.parts.database.transaction() as session:
        record_look(
            session,
            visitor_of(visitor, on),
            service_ids=[(service or faces.renewal).id],
            hall_id=faces.hall.id if hall_id is None else hall_id,
            on_date=on,
            found=found,
            now=build.at("09:00"),
        )


@pytest.fixture
def manager(faces):
    return faces.officer(roles=("manager",))


def cells(client, query=""):
    answer = client.get(f"{PAGE}.csv{query}")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="demand-')
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_lists_days_services_and_halls_with_the_attempts_that_failed(faces, manager):
    for visitor in "abc":
        look(faces, visitor, found=visitor == "c")
    look(faces, "a", on=YESTERDAY, service=faces.passport)
    look(faces, "d", found=True, on=YESTERDAY)  # all found: no row
    look(faces, "e", on=build.TODAY - timedelta(days=10))
    head, *rows = cells(manager)
    assert head[0] == "日期"
    mine = [faces.hall.code, faces.hall.name_zh]
    assert rows == [
        [str(build.TODAY), *mine, faces.renewal.code, faces.renewal.name_zh, "3", "2"],
        [str(YESTERDAY), *mine, faces.passport.code, faces.passport.name_zh, "1", "1"],
    ]
    page = manager.get(PAGE).text
    assert "查过的 5 人次里" in page
    assert f"{PAGE}.csv?days=7" in page
    assert len(cells(manager, "?days=30")) == 4


def test_nobody_has_looked_and_everybody_has_found_are_two_sentences(faces, manager):
    assert "还没有人查过号" in manager.get(PAGE).text
    look(faces, "a", found=True)
    page = manager.get(PAGE).text
    assert "都看到了 3 个工作日内的号" in page
    assert "下载" not in page
    assert len(cells(manager)) == 1


def test_another_hall_and_the_whole_city_are_not_a_manager_s(faces, manager):
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "other", name_zh="别的大厅")
    look(faces, "a", hall_id=other.id)
    look(faces, "a", hall_id=WHOLE_CITY)
    assert cells(manager)[1:] == []
    assert manager.get(f"{PAGE}?hall=other").status_code == 404
    assert manager.get(f"{PAGE}.csv?hall=other").status_code == 404
    assert "别的大厅" not in manager.get(PAGE).text


def test_who_sees_all_halls_sees_looks_at_the_whole_city(faces):
    chief = faces.officer(roles=("manager",))
    with faces.parts.database.transaction() as session:
        session.merge(faces.officers[-1]).hall_ids = None
    look(faces, "a", hall_id=WHOLE_CITY)
    look(faces, "a", found=True)  # found in this hall afterwards
    assert [row[2] for row in cells(chief)[1:]] == ["全市一起查"]
    assert '没查到号</p><p class="tile__value">0' in chief.get(PAGE).text
    assert cells(chief, f"?hall={faces.hall.code}")[1:] == []


@pytest.mark.parametrize("query", ["?days=8", "?days=x", "?hall=nowhere"])
def test_what_is_not_offered_is_not_there(faces, manager, query):
    assert manager.get(PAGE + query).status_code == 404


def test_an_officer_sees_no_demand(faces):
    officer = faces.officer()
    assert [officer.get(PAGE + end).status_code for end in ("", ".csv")] == [403, 403]
