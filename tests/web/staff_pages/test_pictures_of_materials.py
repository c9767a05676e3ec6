import io

import pytest
from sqlalchemy import func, select

from catalog.models import Picture
from catalog.picture_file import MOST_BYTES
from catalog.restore import find_any_service
from kernel.audit import AuditEntry
from tests.catalog.test_picture_file import picture
from tests.web.hall_faces import token
from tests.web.staff_pages.test_editing_services import FORM, MATERIAL

WORDS = {"picture_zh": "身份证正反面样张", "picture_en": "Both sides of an ID card, a specimen"}


@pytest.fixture
def base(chief, faces):
    chief.send("/admin/services/new", code="id-card", **FORM)
    chief.send("/admin/services/id-card", **FORM, **{f"hall-{faces.hall.id}": "A"})
    return "/admin/services/id-card/materials/id-card"


def sent(data=None, name="a.png"):
    return (io.BytesIO(picture() if data is None else data), name)


def material(faces):
    with faces.parts.database.transaction() as session:
        return find_any_service(session, "id-card").materials[0]


def kept(faces):
    with faces.parts.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Picture))


def test_a_picture_sent_in_stands_in_the_checklist_and_opens_in_full(chief, faces, base):
    chief.send(base, picture_file=sent(), **MATERIAL, **WORDS)
    name = material(faces)["picture"].removeprefix("upload:")
    citizen = faces.app.test_client()
    page = citizen.get("/services/id-card").text
    assert (
        f'<a href="/pictures/{name}.jpg"><img src="/pictures/small/{name}.jpg" alt="身份证正反面样张"' in page
    )
    assert 'loading="lazy"' in page
    citizen.set_cookie("lang", "en")
    assert f'alt="{WORDS["picture_en"]}"' in citizen.get("/services/id-card").text
    answer = citizen.get(f"/pictures/{name}.jpg")
    assert answer.content_type == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert 0 < len(citizen.get(f"/pictures/small/{name}.jpg").data) < len(answer.data)


def test_who_sent_a_picture_in_is_in_the_audit_in_words(chief, faces, base):
    chief.send(base, picture_file=sent(), **MATERIAL, **WORDS)
    with faces.parts.database.transaction() as session:
        row = session.scalar(select(AuditEntry).where(AuditEntry.action == "picture.add"))
        assert row.actor_id == faces.officers[-1].id
    assert "上传材料样图" in chief.get("/admin/audit")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7", "不是能打开的"),
        (picture(size=(50, 50)), "图片太小"),
        (picture(size=(6000, 5000)), "图片太大"),
    ],
)
def test_a_bad_file_is_refused_in_words_beside_its_field_and_changes_nothing(chief, faces, base, data, words):
    before = material(faces)
    page = chief.send(base, 422, picture_file=sent(data), **{**MATERIAL, "note_zh": "写到一半"}, **WORDS).text
    assert words in page
    assert 'href="#field-picture_file"' in page
    assert "写到一半" in page
    assert WORDS["picture_zh"] in page
    assert (material(faces), kept(faces)) == (before, 0)


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES + 100, 422), (14 * 1024 * 1024, 413)])
def test_a_file_with_too_many_bytes_is_refused(chief, base, size, status):
    csrf = token(chief.get("/admin/"))
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{csrf}\r\n'.encode(),
        b'--x\r\nContent-Disposition: form-data; name="picture_file"; filename="a.png"\r\n\r\n',
        bytes(size),
        b"\r\n--x--\r\n",
    ]
    answer = chief.client.post(base, data=b"".join(parts), content_type="multipart/form-data; boundary=x")
    assert answer.status_code == status
    assert "太大" in answer.text


def test_a_picture_says_in_both_languages_what_it_shows(chief, faces, base):
    before = material(faces)
    page = chief.send(base, 422, picture_file=sent(), **MATERIAL, picture_zh="样张").text
    assert 'href="#field-picture_en"' in page
    assert "再选一次" in page
    assert (material(faces), kept(faces)) == (before, 0)


def test_an_earlier_picture_comes_back_with_the_earlier_version(chief, faces, base):
    chief.send(base, picture_file=sent(), **MATERIAL, **WORDS)
    first = material(faces)["picture"]
    chief.send(base, picture_file=sent(picture(colour="blue")), **MATERIAL, **WORDS)
    assert material(faces)["picture"] != first
    page = chief.get("/admin/history/service/id-card")
    assert "上传的图片" in page
    assert "upload:" not in page
    chief.send("/admin/history/service/id-card/2")
    assert material(faces)["picture"] == first


def test_the_same_picture_is_kept_once_and_a_new_one_makes_way_for_one_of_the_program(chief, faces, base):
    chief.send(base, picture_file=sent(), **MATERIAL, **WORDS)
    chief.send(base, picture_file=sent(), **MATERIAL, **WORDS)
    assert kept(faces) == 1
    page = chief.get(base)
    assert f'value="{material(faces)["picture"]}" selected' in page
    chief.send(base, picture="passport", **MATERIAL, **WORDS)
    assert "img/papers/passport.svg" in chief.get(base)
    chief.send(base, picture="none", **MATERIAL)
    assert '<span class="sample">' not in faces.app.test_client().get("/services/id-card").text


def test_a_new_material_is_made_with_its_picture(chief, faces, base):
    chief.send(
        "/admin/services/id-card/materials/new", code="photo", picture_file=sent(), **MATERIAL, **WORDS
    )
    with faces.parts.database.transaction() as session:
        rows = find_any_service(session, "id-card").materials
    assert [bool(row["picture"]) for row in rows] == [False, True]


def test_no_material_names_a_picture_that_is_not_here(chief, faces, base):
    before = material(faces)
    page = chief.send(base, 422, picture="upload:" + "0" * 32, **MATERIAL, **WORDS).text
    assert "没有这张图片" in page
    assert material(faces) == before
    assert faces.app.test_client().get(f"/pictures/{'0' * 32}.jpg").status_code == 404


def test_pictures_are_sent_in_only_by_who_may_edit_the_whole_city(hall_chief, faces, base):
    hall_chief.send(base, 403, picture_file=sent(), **MATERIAL, **WORDS)
    assert kept(faces) == 0
