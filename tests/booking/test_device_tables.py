"""Devices and the settings of screens as tables."""

import pytest
from sqlalchemy import select

from booking.tables import import_table
from halls.models import Hall
from halls.screen_edit import screens_of
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.tables import TableInvalid
from people import devices
from people.permissions import permissions_of
from queueing.tables import KINDS
from tests.booking.city_tables import BY, city, find, put, sheet

__all__ = ["city", "sheet"]  # fixtures


@pytest.fixture
def hall(session, city):
    return session.scalars(select(Hall).where(Hall.code == "xihu-station")).one()


@pytest.fixture
def kiosk(session, hall):
    device, token = devices.enrol(session, kind="kiosk", hall_id=hall.id, name="门口", **BY)
    return device, token


@pytest.fixture
def screen(session, hall):
    return devices.enrol(session, kind="display", hall_id=hall.id, name="大屏", **BY)[0]


def mistakes_of(session, code, cells):
    with pytest.raises(TableInvalid) as found:
        import_table(session, KINDS[code], cells, **BY)
    return {(each.line, each.column) for each in found.value.mistakes}


def take_in(session, code, cells):
    counts = import_table(session, KINDS[code], cells, **BY)
    return counts.new, counts.changed, counts.removed


def test_the_table_of_devices_has_no_token_and_changes_nothing_unchanged(session, kiosk, screen, sheet):
    device, token = kiosk
    cells = sheet("devices")
    assert {"id", "hall", "kind", "name", "shows", "printer"} == set(cells[0])
    said = str(cells)
    assert token not in said
    assert device.token_hash.hex() not in said
    assert take_in(session, "devices", cells) == (0, 0, 0)


def test_names_and_what_is_shown_are_changed_and_audited(session, kiosk, screen, sheet):
    cells = sheet("devices")
    put(cells, find(cells, id=str(kiosk[0].id)), name="东门", printer="192.168.1.50")
    put(cells, find(cells, id=str(screen.id)), shows="window:1")
    assert take_in(session, "devices", cells) == (0, 2, 0)
    assert (kiosk[0].name, kiosk[0].printer, screen.shows) == ("东门", "192.168.1.50", "window:1")
    changed = select(AuditEntry.subject_id).where(AuditEntry.action == "device.change")
    assert set(session.scalars(changed)) == {kiosk[0].id, screen.id}


def test_each_mistake_with_devices_is_told_by_its_line_and_column(session, kiosk, screen, sheet):
    cells = sheet("devices")
    one, two = (find(cells, id=str(device.id)) for device in (kiosk[0], screen))
    put(cells, one, printer="8.8.8.8", kind="kiosk")
    put(cells, two, shows="zone:nowhere", hall="city-hall", kind="kiosk")
    cells.append(["999999", "xihu-station", "kiosk", "新的", "", ""])
    wrong = mistakes_of(session, "devices", cells)
    assert wrong == {(one, "printer"), (two, "shows"), (two, "hall"), (two, "kind"), (4, "id")}


def test_a_withdrawn_device_is_no_longer_in_the_table(session, kiosk, sheet):
    cells = sheet("devices")
    devices.revoke(session, kiosk[0], **BY)
    session.flush()
    assert len(sheet("devices")) == 1
    assert mistakes_of(session, "devices", cells) == {(2, "id")}


def test_nobody_takes_out_the_devices_of_other_halls(session, kiosk, sheet):
    elsewhere = session.scalars(select(Hall.id).where(Hall.code == "city-hall")).one()
    other = Actor("staff", 2, permissions_of(["admin"]), frozenset({elsewhere}))
    assert len(sheet("devices", actor=other)) == 1
    assert {row[0] for row in sheet("screens", actor=other)[1:]} == {"city-hall"}


def test_settings_and_zones_of_screens_come_back_as_they_went_out(session, hall, sheet):
    cells = sheet("screens")
    assert take_in(session, "screens", cells) == (0, 0, 0)
    line = find(cells, hall="xihu-station", zone="")
    put(cells, line, last_chair_m="15", sound="silent", night_from="22:00", rooms="调解室、A1")
    zone = dict.fromkeys(cells[0], "") | {"hall": "xihu-station", "zone": "east", "name_zh": "东区"}
    zone |= {"counters": "1", "sound": "loud", "last_chair_m": "8"}
    cells.append([zone[name] for name in cells[0]])
    assert take_in(session, "screens", cells) == (1, 1, 0)
    screens = screens_of(hall)
    assert (screens.last_chair_m, screens.silent, screens.rooms) == (15.0, True, ("调解室", "A1"))
    assert [(each.code, each.counters, each.silent) for each in screens.zones] == [("east", (1,), False)]
    again = sheet("screens")
    assert take_in(session, "screens", again) == (0, 0, 0)
    del again[find(again, zone="east") - 1]
    assert take_in(session, "screens", again) == (0, 0, 1)
    assert screens_of(hall).zones == ()


def test_each_mistake_with_screens_is_told_by_its_line_and_column(session, hall, sheet):
    cells = sheet("screens")
    before = hall.policy_version
    one = find(cells, hall="city-hall", zone="")
    put(cells, one, last_chair_m="59", sound="quiet")
    row = dict.fromkeys(cells[0], "") | {"hall": "xihu-station"}
    cells.append([(row | {"zone": "east"})[name] for name in cells[0]])
    cells.append([(row | {"zone": "west", "name_zh": "西区", "sound": "?"})[name] for name in cells[0]])
    wrong = mistakes_of(session, "screens", cells)
    last = len(cells)
    assert {(last - 1, "zone"), (last, "sound")} <= wrong
    assert any(line == one for line, _column in wrong)
    assert hall.policy_version == before
    unknown = [cells[0], cells[find(cells, hall="xihu-station", zone="") - 1]]
    unknown.append([(row | {"zone": "east", "name_zh": "东区", "counters": "99"})[n] for n in cells[0]])
    assert mistakes_of(session, "screens", unknown) == {(3, "")}
    assert mistakes_of(session, "screens", [unknown[0], unknown[2]]) == {(2, "zone")}
