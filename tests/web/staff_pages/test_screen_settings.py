import re

from halls.models import Hall
from halls.screen_edit import screens_of

PATH = "/admin/screens/yunzhou"
USUAL = {"last_chair_m": "12", "panel_inches": "55", "night_from": "21:00", "night_to": "06:00"}


def version(chief):
    return re.search(r'name="version" value="(\d+)"', chief.get(PATH)).group(1)


def zone(groups=(), counters=(), **values):
    """The first zone of the form, with its ticked lines and counters."""
    names = ("code", "name_zh", "name_en", "chair", "sound")
    typed = {f"zone_{name}": values.get(name, "") for name in names}
    return {**typed, "zone_groups-1": list(groups), "zone_counters-1": list(counters)}


def ticked(page):
    """The names of everything that is ticked on the page."""
    boxes = re.findall(r' checked><label for="[^"]*">(?:<span>)?([^<]*)<', page)
    return [name.strip() for name in boxes]


def test_settings_are_saved_whole_and_shown_again(faces, chief):
    facts = zone(
        code="east", name_zh="东区", groups=["A", "B"], counters=["1", "2"], chair="8", sound="silent"
    )
    chief.send(PATH, version=version(chief), silent="1", **USUAL, **facts)
    screens = screens_of(faces.read(Hall, faces.hall.id))
    assert screens.silent
    east = screens.find_zone("east")
    assert (east.groups, east.counters, east.last_chair_m, east.silent) == (("A", "B"), (1, 2), 8.0, True)
    page = chief.get(PATH)
    assert ticked(page) == ["静音叫号：只显示，不出声", "A 户政", "B 出入境", "1 号窗口", "2 号窗口"]
    assert "米内看得清" in page


def test_a_hall_lists_the_names_of_its_own_rooms(faces, chief):
    chief.send(PATH, version=version(chief), rooms="玉兰厅、a区 二楼休息区", **USUAL)
    assert screens_of(faces.read(Hall, faces.hall.id)).rooms == ("玉兰厅", "A区", "二楼休息区")
    assert 'value="玉兰厅 A区 二楼休息区"' in chief.get(PATH)
    wrong = chief.send(PATH, status=422, version=version(chief), rooms="<b>", **USUAL)
    assert "本厅的房间名称）：名称应为" in wrong.text


def test_smaller_type_than_the_last_chair_reads_is_refused_in_words(faces, chief):
    wrong = chief.send(PATH, status=422, version=version(chief), **USUAL | {"last_chair_m": "50"})
    assert "最后一排座位的距离" in wrong.text
    assert "最远只能让 29 米内看清" in wrong.text
    wrong = chief.send(PATH, status=422, version=version(chief), **USUAL | {"night_from": "x"})
    assert "夜间黑屏的开始时间）：应是时间，例如 21:00。" in wrong.text
    wrong = chief.send(
        PATH, status=422, version=version(chief), **USUAL, **zone(code="x", name_zh="y", counters=["z"])
    )
    assert "区域的窗口）：应是窗口的号码" in wrong.text
    unknown = zone(code="x", name_zh="y", groups=["A", "Q"])
    wrong = chief.send(PATH, status=422, version=version(chief), **USUAL, **unknown)
    assert "没有这样的业务或窗口：Q" in wrong.text
    # Nothing typed is lost, and nothing wrong is saved.
    assert ticked(wrong.text) == ["A 户政", "Q"]
    far = chief.send(PATH, status=422, version=version(chief), **USUAL | {"last_chair_m": "50"}, silent="1")
    assert 'value="50"' in far.text
    assert 'id="field-silent" name="silent" value="1" checked' in far.text
    assert 'href="#field-last_chair_m"' in far.text
    assert screens_of(faces.read(Hall, faces.hall.id)).last_chair_m == 12


def test_two_editors_do_not_overwrite_each_other(chief):
    old = version(chief)
    chief.send(PATH, version=old, silent="1", **USUAL)
    chief.send(PATH, status=409, version=old, **USUAL)


def test_staff_of_another_hall_change_nothing_here(faces, hall_chief):
    with faces.parts.database.transaction() as session:
        from tests import build  # noqa: PLC0415

        build.make_hall(session, "elsewhere")
    hall_chief.get("/admin/screens/elsewhere", status=403)


def test_a_zone_needs_no_code_and_is_removed_by_its_box(faces, chief):
    chief.send(PATH, version=version(chief), **USUAL, **zone(name_zh="东区", groups=["A"]))
    assert [each.code for each in screens_of(faces.read(Hall, faces.hall.id)).zones] == ["zone-1"]
    gone = zone(code="zone-1", name_zh="东区") | {"zone_gone-1": "1"}
    chief.send(PATH, version=version(chief), **USUAL, **gone)
    assert screens_of(faces.read(Hall, faces.hall.id)).zones == ()


def test_a_zone_that_was_ticked_and_not_named_is_not_lost_silently(chief):
    wrong = chief.send(PATH, status=422, version=version(chief), **USUAL, **zone(groups=["B"]))
    assert "区域要有中文名称" in wrong.text
    assert ticked(wrong.text) == ["B 出入境"]
