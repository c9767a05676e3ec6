import pytest
from sqlalchemy import select, update

from booking.models import Appointment
from booking.publish import publish
from catalog import words as catalog_words
from catalog.queries import halls_offering
from halls import words as hall_words
from halls.models import Counter, Hall, PlanLine, ServiceGroup
from halls.queries import GroupUnknown, get_hall, list_counters, list_groups
from kernel.actor import SYSTEM
from people.models import Staff
from people.staff import check_password
from queueing.issue import IssueTicket, issue
from tests import build
from tests.booking.crowded import book_all
from tests.web.hall_faces import PASSWORD

PLACE = {
    "name_zh": "云州大厅",
    "name_en": "Yunzhou",
    "address_zh": "人民路 1 号",
    "address_en": "1 People's Road",
    "phone": "0571-1",
    "latitude": "30.2",
    "longitude": "120.1",
}
GROUP = {"letter": "D", "name_zh": "治安", "name_en": "Order", "unit_minutes": "15", "mean_minutes": "12.5"}


@pytest.fixture
def hall(chief):
    chief.send("/admin/halls/new", code="riverside", **PLACE)
    return "/admin/halls/riverside"


def read(faces):
    with faces.parts.database.transaction() as session:
        hall = get_hall(session, "riverside")
        return hall, list_groups(session, hall.id), list_counters(session, hall.id)


def test_a_hall_is_made_and_moved(chief, faces, hall):
    chief.send(hall, **{**PLACE, "address_zh": "新址", "longitude": "120.5"})
    found, groups, counters = read(faces)
    assert (found.address_zh, found.longitude, len(groups), len(counters)) == ("新址", 120.5, 1, 1)
    assert 'href="/arrive/riverside/poster"' in chief.get(hall)
    page = chief.send(hall, 422, **{**PLACE, "name_en": "", "latitude": "north"}).text
    assert 'href="#field-name_en"' in page
    assert 'value="north"' in page
    assert "已有代码" in chief.send("/admin/halls/new", 409, code="riverside", **PLACE).text


def test_a_line_is_added_with_its_counters_and_changed(chief, faces, hall):
    chief.send(f"{hall}/groups/new", code="D", counters=["1"], **GROUP)
    _hall, groups, counters = read(faces)
    assert [(group.code, group.letter, group.mean_minutes) for group in groups] == [
        ("A", "A", 10.0),
        ("D", "D", 12.5),
    ]
    assert len(counters[0].group_ids) == 2
    chief.send(f"{hall}/groups/D", counters=["1"], **{**GROUP, "name_zh": "治安管理"})
    assert read(faces)[1][1].name_zh == "治安管理"
    page = chief.send(f"{hall}/groups/D", 422, counters=["1"], **{**GROUP, "letter": "dd"}).text
    assert 'href="#field-letter"' in page
    assert "字母" in chief.send(f"{hall}/groups/D", 422, counters=["1"], **{**GROUP, "letter": "A"}).text
    chief.get(f"{hall}/groups/Q", 404)


def test_a_line_is_closed_for_good_and_opened_again(chief, faces):
    with faces.parts.database.transaction() as session:
        session.execute(update(PlanLine).values(counters=1))
    base, kiosk = f"/admin/halls/{faces.hall.code}", faces.kiosk()
    take = f"/kiosk/{faces.hall.code}/take"
    assert "出入境" in kiosk.get(take).text
    chief.send(f"{base}/groups/B", do="close")
    line = faces.read(ServiceGroup, faces.b.id)
    assert (line.active, line.name_zh) == (False, "出入境")
    with faces.parts.database.transaction() as session:
        assert [group.code for group in list_groups(session, faces.hall.id, active=True)] == ["A"]
        assert halls_offering(session, faces.passport.id) == []
        assert session.scalars(select(PlanLine.id).where(PlanLine.group_id == faces.b.id)).all() == []
        command = IssueTicket(faces.hall.id, faces.b.id, ())
        with pytest.raises(GroupUnknown):
            issue(session, command, actor=SYSTEM, now=build.at("09:00"))
    assert "出入境" not in kiosk.get(take).text
    assert "出入境" not in faces.app.test_client().get(f"/halls/{faces.hall.code}").text
    assert f'href="{base}/groups/B"' in chief.get(base)
    assert "这个业务组已停用" in chief.get(f"{base}/groups/B")
    again = {"letter": "B", "name_zh": "出入境", "name_en": "Exit and entry"}
    chief.send(f"{base}/groups/B", counters=["1"], unit_minutes="10", mean_minutes="10", **again)
    assert faces.read(ServiceGroup, faces.b.id).active is True
    assert "出入境" in kiosk.get(take).text


def test_bookings_of_a_line_that_is_to_be_closed_are_decided_about_first(chief, faces):
    with faces.parts.database.transaction() as session:
        session.execute(update(PlanLine).values(counters=1))
        hall = session.merge(faces.hall)
        day = {"first_on": build.TODAY, "last_on": build.TODAY}
        publish(session, hall.id, **day, actor=SYSTEM, now=build.at("08:00"))
        book_all(session, hall, build.TODAY, now=build.at("08:00"), group=faces.b)
    path = f"/admin/halls/{faces.hall.code}/groups/B"
    asked = chief.send(path, 200, do="close").text
    assert "这些预约会受影响" in asked
    assert 'name="do" value="close"' in asked
    assert faces.read(ServiceGroup, faces.b.id).active is True
    chief.send(path, do="close", then="cancel", why="staffing")
    assert faces.read(ServiceGroup, faces.b.id).active is False
    with faces.parts.database.transaction() as session:
        to_come = select(Appointment.state).where(Appointment.starts_at > build.at("09:00"))
        assert set(session.scalars(to_come)) == {"cancelled"}


def test_counters_are_added_changed_and_put_out_of_use(chief, faces, hall):
    chief.send(f"{hall}/counters/new", number="2", groups=["A"])
    chief.send(f"{hall}/counters/2", number="2", groups=["A"], name_zh="快办")
    assert [(each.number, each.name_zh) for each in read(faces)[2]] == [(1, "1号窗口"), (2, "快办")]
    assert "已有 1 号" in chief.send(f"{hall}/counters/new", 409, number="1", groups=["A"]).text
    assert 'href="#field-groups"' in chief.send(f"{hall}/counters/2", 422, number="2", groups=["Q"]).text
    chief.send(f"{hall}/counters/2", do="close", number="2")
    assert [each.number for each in read(faces)[2]] == [1]
    with faces.parts.database.transaction() as session:
        assert (
            session.query(Counter)
            .join(Hall, Hall.id == Counter.hall_id)
            .filter(Hall.code == "riverside", Counter.number == 2, Counter.active.is_(False))
            .one()
        )


def test_halls_are_made_for_the_city_only(hall_chief, faces):
    hall_chief.send("/admin/halls/new", 403, code="mine", **PLACE)
    hall_chief.get(f"/admin/halls/{faces.hall.code}")


@pytest.fixture
def member(faces):
    """An officer of the hall, signed in."""
    client = faces.officer(username="zhang.san")
    return client, f"/admin/staff/{faces.officers[-1].id}", faces.officers[-1].id


def test_an_account_is_changed_and_who_loses_a_role_is_signed_out(chief, faces, member):
    client, path, staff_id = member
    assert client.get("/staff").status_code in (200, 302)
    chief.send(path, name="张三丰", badge="007", roles=["desk"], halls=[str(faces.hall.id)])
    with faces.parts.database.transaction() as session:
        row = session.get(Staff, staff_id)
        assert (row.name, row.badge, row.roles) == ("张三丰", "007", ["desk"])
    assert "/sign-in" in client.get("/staff").location


def test_a_new_name_alone_signs_nobody_out(chief, faces, member):
    client, path, _staff_id = member
    chief.send(path, name="改名", badge="", roles=["officer"], halls=[str(faces.hall.id)])
    assert client.get("/console").status_code == 200


def test_a_wrong_role_is_refused_with_what_was_typed_kept(chief, faces, member):
    page = chief.send(member[1], 422, name="新名字", roles=["king"], halls=[str(faces.hall.id)]).text
    assert "没有这个角色" in page
    assert "新名字" in page


def test_a_forgotten_password_is_replaced(chief, faces, member):
    client, path, _staff_id = member
    assert "密码至少" in chief.send(f"{path}/password", 422, password="short").text
    chief.send(f"{path}/password", password="another long one")
    assert "/sign-in" in client.get("/staff").location
    with faces.parts.database.transaction() as session:
        assert check_password(session, "zhang.san", "another long one", real_now=build.at("09:00")).staff
        assert not check_password(session, "zhang.san", PASSWORD, real_now=build.at("09:00")).staff


def test_nobody_grants_or_takes_more_than_they_have(hall_chief, chief, faces, member):
    facts = {"name": "x", "halls": [str(faces.hall.id)]}
    hall_chief.send(member[1], 403, roles=["duty_officer"], **facts)
    hall_chief.send(member[1], 403, name="x", roles=["officer"])
    with faces.parts.database.transaction() as session:
        chief_id = next(row.id for row in session.query(Staff) if row.hall_ids is None)
    hall_chief.get(f"/admin/staff/{chief_id}", 403)
    hall_chief.send(f"/admin/staff/{chief_id}/password", 403, password="another long one")
    chief.send(f"/admin/staff/{chief_id}", 409, name="x", roles=["officer"])


def test_the_budget_of_codes_is_changed_on_the_page_of_the_hall(chief, hall_chief, faces):
    path = f"/admin/halls/{faces.hall.code}/code-budget"
    hall_chief.send(path, per_hour="50", per_day="4000")
    hall = faces.read(Hall, faces.hall.id)
    assert hall.policy["phone_codes"] == {"per_hour": 50}  # what is as usual follows a better default
    assert 'value="50"' in chief.get(f"/admin/halls/{faces.hall.code}")
    for wrong in ("0", "x", ""):
        page = chief.send(path, 422, per_hour=wrong, per_day="7").text
        assert 'href="#field-per_hour"' in page
        assert "“per_hour”" not in page
        assert 'value="7"' in page
    assert faces.read(Hall, faces.hall.id).policy["phone_codes"] == {"per_hour": 50}
    chief.send(path, per_hour="600", per_day="4000")
    assert faces.read(Hall, faces.hall.id).policy["phone_codes"] == {}


def test_nobody_changes_the_budget_of_another_hall(faces, hall_chief):
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere")
    hall_chief.send(f"/admin/halls/{other.code}/code-budget", 403, per_hour="50", per_day="50")


def test_no_part_is_called_one_thing_in_the_catalogue_and_another_in_halls():
    both = catalog_words.NAMES.keys() & hall_words.NAMES.keys()
    assert [name for name in both if catalog_words.NAMES[name] != hall_words.NAMES[name]] == []


def test_the_lines_of_counters_are_called_what_they_are(chief, faces):
    assert '<th scope="col">可办业务组</th>' in chief.get(f"/admin/halls/{faces.hall.code}")
