import re

import pytest

from catalog.models import Service
from catalog.queries import get_service, halls_offering
from catalog.restore import find_any_service

FORM = {
    "name_zh": "居民身份证补领",
    "name_en": "ID card replacement",
    "group": "A",
    "minutes": "15",
    "fee": "20.5",
    "position": "3",
    "ways": ["online"],
    "pay": ["cash", "card"],
    "keywords": "身份证丢了、sfz，补卡",
    "by_post": "1",
}
MATERIAL = {"name_zh": "照片", "name_en": "Photo", "copies": "2", "waivable": "1"}


@pytest.fixture
def code(chief, faces):
    chief.send("/admin/services/new", code="id-card", **FORM)
    return "id-card"


def read(faces, code):
    with faces.parts.database.transaction() as session:
        return find_any_service(session, code)


def test_a_service_is_made_with_a_form_and_found_in_the_list(chief, faces, code):
    service = read(faces, code)
    assert (service.minutes, service.fee_fen, service.by_post) == (15, 2050, True)
    assert service.keywords == ["身份证丢了", "sfz", "补卡"]
    assert (service.ways, service.pay) == (["online"], ["card", "cash"])
    assert "居民身份证补领" in chief.get("/admin/services?q=id-card")
    assert "居民身份证补领" in chief.get("/admin/services?q=bu+ka")


def test_the_machine_that_does_it_is_edited_and_told_to_citizens(chief, faces, code):
    machine = {"machine_zh": "一楼自助机，24 小时", "machine_en": "Machine on the ground floor"}
    chief.send(f"/admin/services/{code}", **FORM, **machine)
    assert 'value="一楼自助机，24 小时"' in chief.get(f"/admin/services/{code}")
    citizen = faces.app.test_client()
    assert "自助机：一楼自助机，24 小时" in citizen.get(f"/services/{code}").text
    assert citizen.get(f"/api/v1/services/{code}").json["machine_en"] == machine["machine_en"]


def test_mistakes_stand_beside_their_fields_and_nothing_typed_is_lost(chief, faces, code):
    wrong = {
        **FORM,
        "name_zh": "",
        "minutes": "ten",
        "fee": "-3",
        "online_url": "http://x",
        "summary_zh": "写了很多",
    }
    page = chief.send(f"/admin/services/{code}", 422, **wrong).text
    for name in ("name_zh", "minutes", "fee", "online_url"):
        assert f'href="#field-{name}"' in page
    assert "写了很多" in page
    assert 'value="ten"' in page
    assert read(faces, code).minutes == 15


def test_a_code_that_is_taken_does_not_replace_the_service(chief, faces, code):
    page = chief.send("/admin/services/new", 409, code=code, **{**FORM, "name_zh": "别的"}).text
    assert "已有代码" in page
    assert read(faces, code).name_zh == "居民身份证补领"


def test_materials_are_added_moved_and_removed(chief, faces, code):
    base = f"/admin/services/{code}/materials"
    chief.send(f"{base}/new", code="photo", **MATERIAL)
    chief.send(f"{base}/new", **{**MATERIAL, "name_zh": "户口簿"})
    assert [row["code"] for row in read(faces, code).materials] == ["id-card", "photo", "m1"]
    chief.send(f"{base}/photo", **{**MATERIAL, "name_zh": "近期照片"})
    chief.send(f"{base}/photo/change", do="up")
    chief.send(f"{base}/m1/change", do="remove")
    rows = read(faces, code).materials
    assert [row["code"] for row in rows] == ["photo", "id-card"]
    assert (rows[0]["name_zh"], rows[0]["copies"], rows[0]["original"]) == ("近期照片", 2, False)


def test_a_wrong_material_is_refused_beside_its_field(chief, faces, code):
    page = chief.send(f"/admin/services/{code}/materials/new", 422, **{**MATERIAL, "copies": "99"}).text
    assert 'href="#field-copies"' in page
    assert len(read(faces, code).materials) == 1


def licence_choices(page):
    """The kinds of licences to choose from, and the chosen one."""
    select = page[page.index('id="field-licence"') :].partition("</select>")[0]
    found = re.findall(r'<option value="([^"]*)"( selected)?>([^<]*)<', select)
    return {kind: name for kind, _, name in found}, [kind for kind, mark, _ in found if mark]


def test_the_licence_that_spares_a_paper_is_chosen_by_the_papers_name(chief, faces, code):
    base = f"/admin/services/{code}/materials"
    page = chief.get(f"{base}/new")
    assert licence_choices(page) == ({"": "没有：不查电子证照"}, [""])
    marriage = {**MATERIAL, "name_zh": "结婚证", "name_en": "Marriage certificate"}
    chief.send(f"{base}/new", code="marriage", **marriage, licence_new="marriage-certificate")
    page = chief.get(f"{base}/marriage")
    assert licence_choices(page)[1] == ["marriage-certificate"]
    assert licence_choices(page)[0]["marriage-certificate"] == "结婚证"
    chief.send(f"{base}/new", code="other", **MATERIAL, licence="marriage-certificate")
    assert read(faces, code).materials[-1]["licence"] == "marriage-certificate"
    chief.send(f"{base}/other", **MATERIAL, licence="")
    assert read(faces, code).materials[-1]["licence"] == ""


def test_a_new_kind_of_licence_that_is_too_long_is_refused_where_it_was_typed(chief, code):
    typed = {**MATERIAL, "licence_new": "x" * 33}
    page = chief.send(f"/admin/services/{code}/materials/new", 422, **typed).text
    assert 'href="#field-licence_new"' in page
    assert f'value="{"x" * 33}"' in page
    assert licence_choices(page)[1] == [""]


def test_the_halls_that_handle_a_service_are_chosen_by_line(chief, faces, code):
    field = f"hall-{faces.hall.id}"
    chief.send(f"/admin/services/{code}", **FORM, **{field: "B"})
    with faces.parts.database.transaction() as session:
        assert halls_offering(session, get_service(session, code).id) == [(faces.hall.id, faces.b.id)]
    poster = f"/h/{faces.hall.code}/{code}/poster"
    assert f'href="{poster}"' in chief.get(f"/admin/services/{code}")
    assert "扫码预约" in chief.get(poster)
    chief.send(f"/admin/services/{code}", 404, **FORM, **{field: "Q"})
    chief.send(f"/admin/services/{code}", **FORM, **{field: ""})
    with faces.parts.database.transaction() as session:
        assert halls_offering(session, get_service(session, code).id) == []
    assert "/poster" not in chief.get(f"/admin/services/{code}")


def test_a_service_goes_out_of_use_and_back(chief, faces, code):
    chief.send(f"/admin/services/{code}/switch")
    assert read(faces, code).active is False
    assert "已停用" in chief.get(f"/admin/services/{code}")
    chief.send(f"/admin/services/{code}/switch")
    assert read(faces, code).active is True


def test_moving_a_material_keeps_what_was_typed_and_not_saved_yet(chief, faces, code):
    base = f"/admin/services/{code}/materials"
    chief.send(f"{base}/new", code="photo", **MATERIAL)
    page = chief.get(f"/admin/services/{code}")
    button = (
        'formaction="/admin/services/id-card/materials/photo/change" formnovalidate name="do" value="up:1"'
    )
    assert f'form="service-form" {button}' in page
    typed = {**FORM, "minutes": "twenty", "summary_zh": "写到一半"}
    page = chief.send(f"{base}/photo/change", 200, do="up:1", **typed).text
    assert "写到一半" in page
    assert 'value="twenty"' in page
    assert "还没有保存" in page
    service = read(faces, code)
    assert [row["code"] for row in service.materials] == ["photo", "id-card"]
    assert (service.minutes, service.summary_zh) == (15, "")
    chief.send(f"{base}/photo/change", 200, do="up:1", **typed)  # the page sent again moves nothing
    assert [row["code"] for row in read(faces, code).materials] == ["photo", "id-card"]
    chief.send(f"{base}/photo/change", do="remove:0", **FORM)  # nothing else was typed: the page as it is
    assert "写到一半" in chief.send(f"{base}/photo/change", 200, do="remove:0", **typed).text
    assert [row["code"] for row in read(faces, code).materials] == ["id-card"]


def test_opening_a_material_saves_what_was_typed_first(chief, faces, code):
    base = f"/admin/services/{code}"
    page = chief.get(base)
    assert 'form="service-form" name="then" value="new"' in page
    assert 'form="service-form" name="then" value="material:id-card"' in page
    answer = chief.send(base, then="new", **{**FORM, "minutes": "20"})
    assert answer.location == f"{base}/materials/new"
    assert read(faces, code).minutes == 20
    answer = chief.send(base, then="material:id-card", **{**FORM, "minutes": "25"})
    assert answer.location == f"{base}/materials/id-card"
    assert read(faces, code).minutes == 25
    page = chief.send(base, 422, then="new", **{**FORM, "minutes": "x", "summary_zh": "写到一半"}).text
    assert 'value="x"' in page
    assert "写到一半" in page
    assert read(faces, code).minutes == 25


def test_opening_a_material_changes_and_says_nothing_where_nothing_was_typed(chief, faces, code):
    chief.send(f"/admin/services/{code}", then="material:id-card", **FORM)
    assert "已保存" not in chief.get(f"/admin/services/{code}/materials/id-card")


def test_taking_a_service_out_of_use_keeps_what_was_typed(chief, faces, code):
    typed = {**FORM, "minutes": "twenty", "summary_zh": "写到一半"}
    page = chief.send(f"/admin/services/{code}/switch", 200, active="no", **typed).text
    assert "写到一半" in page
    assert 'value="twenty"' in page
    assert "还没有保存" in page
    service = read(faces, code)
    assert (service.active, service.minutes, service.summary_zh) == (False, 15, "")
    chief.send(f"/admin/services/{code}/switch", 200, active="no", **typed)  # the page sent again
    assert read(faces, code).active is False


def test_a_material_that_must_stay_stays_and_so_does_what_was_typed(chief, faces, code):
    typed = {**FORM, "summary_zh": "写到一半"}
    page = chief.send(f"/admin/services/{code}/materials/id-card/change", 422, do="remove:0", **typed).text
    assert "写到一半" in page
    assert [row["code"] for row in read(faces, code).materials] == ["id-card"]


def test_history_tells_who_changed_what_and_brings_it_back(chief, faces, code):
    chief.send(f"/admin/services/{code}", **{**FORM, "minutes": "25"})
    page = chief.get(f"/admin/history/service/{code}")
    assert "<del>15</del>" in page
    assert "<ins>25</ins>" in page
    assert faces.officers[-1].name in page
    assert "窗口用时" in page
    assert "<ins>15</ins>" in chief.get(f"/admin/history/service/{code}/1")
    chief.send(f"/admin/history/service/{code}/1")
    assert read(faces, code).minutes == 15
    assert "第 3 版" in chief.get(f"/admin/history/service/{code}")


def test_the_page_has_one_form_so_that_nothing_typed_is_lost_by_saving_another(chief, faces, code):
    field = f"hall-{faces.hall.id}"
    chief.send(f"/admin/services/{code}", **{**FORM, "minutes": "25", field: "B"})
    service = read(faces, code)
    assert service.minutes == 25
    with faces.parts.database.transaction() as session:
        assert halls_offering(session, service.id) == [(faces.hall.id, faces.b.id)]
    page = chief.send(f"/admin/services/{code}", 422, **{**FORM, "minutes": "x", field: "A"}).text
    assert re.search(rf'id="field-{field}".*?value="A" selected', page, re.DOTALL)


def test_who_works_in_one_hall_says_what_it_handles_and_changes_nothing_else(chief, hall_chief, faces, code):
    field = f"hall-{faces.hall.id}"
    assert '<fieldset class="bare stack" disabled>' in hall_chief.get(f"/admin/services/{code}")
    hall_chief.send(f"/admin/services/{code}", **{field: "A"})
    service = read(faces, code)
    assert (service.name_zh, service.minutes) == ("居民身份证补领", 15)
    with faces.parts.database.transaction() as session:
        assert halls_offering(session, service.id) == [(faces.hall.id, faces.a.id)]


def test_what_concerns_the_city_is_not_for_who_works_in_one_hall(hall_chief, faces):
    with faces.parts.database.transaction() as session:
        code = session.query(Service).first().code
    hall_chief.get(f"/admin/services/{code}")
    hall_chief.send(f"/admin/services/{code}", 403, **FORM)
    hall_chief.send("/admin/services/new", 403, code="new", **FORM)
    hall_chief.send(f"/admin/services/{code}/switch", 403)


def test_history_of_what_there_is_not_is_not_found(chief):
    chief.get("/admin/history/nothing/x", 404)
    chief.get("/admin/history/service/x/1", 404)
    chief.get("/admin/services/none", 404)


def test_what_no_database_can_hold_is_left_out_of_what_was_typed(chief, faces, code):
    chief.send(f"/admin/services/{code}", **{**FORM, "name_zh": "补\0领", "keywords": "a\0b"})
    service = read(faces, code)
    assert (service.name_zh, service.keywords) == ("补领", ["ab"])
