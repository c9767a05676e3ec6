import base64

import pytest
from sqlalchemy import func, select

from catalog.models import Picture, Service
from catalog.picture_file import MOST_BYTES
from kernel.audit import AuditEntry
from kernel.history import Revision
from tests.catalog.test_picture_file import picture

PACKAGE = {
    "name_zh": "搬新家",
    "name_en": "Moving in",
    "summary_zh": "一次办完",
    "summary_en": "At once",
}
GUIDE = {
    "start": "q",
    "questions": [
        {
            "code": "q",
            "text_zh": "?",
            "text_en": "?",
            "options": [{"code": "o", "text_zh": "是", "text_en": "y"}],
        }
    ],
}


@pytest.fixture
def service(town):
    return next(each["code"] for each in town.get("/services").json["services"])


def test_packages_are_written_listed_and_taken_away(town, service):
    body = {**PACKAGE, "services": [service], "keywords": ["乔迁"]}
    saved = town.put("/packages/move", body, who="admin")
    assert (saved.status_code, saved.json["code"]) == (200, "move")
    assert town.get("/packages").json["packages"] == [saved.json]
    assert town.call("DELETE", "/packages/move", who="admin").status_code == 204
    assert town.call("DELETE", "/packages/move", who="admin").status_code == 404
    assert town.get("/packages").json["packages"] == []
    refused = town.put("/packages/move", {**body, "services": ["none"]}, who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, "package_file_invalid")


def test_words_are_written_whole(town):
    groups = [["遗失", "丢了"], ["狗", "犬"]]
    assert town.put("/synonyms", {"groups": groups}, who="admin").json == {"groups": groups}
    assert town.get("/synonyms", who="admin").json == {"groups": groups}
    refused = town.put("/synonyms", {"groups": [["狗", "犬"], ["犬", "汪"]]}, who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, "synonym_file_invalid")


def test_a_guide_is_published_and_taken_away(town, service):
    material = town.get(f"/services/{service}").json["materials"][0]["code"]
    need = {"code": material, "why_zh": "核对", "why_en": "Check"}
    case = {"code": "s", "name_zh": "情形", "name_en": "Case", "materials": [need]}
    body = {"guide": {**GUIDE, "situations": [case]}, "note": "第一版"}
    assert town.put(f"/services/{service}/guide", body, who="admin").status_code == 204
    assert town.get(f"/services/{service}/guide").json["start"] == "q"
    refused = town.put(f"/services/{service}/guide", {"guide": GUIDE}, who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, "guide_invalid")
    assert town.call("DELETE", f"/services/{service}/guide", who="admin").status_code == 204
    assert town.get(f"/services/{service}/guide").status_code == 404


def test_a_service_goes_out_of_use_and_back(town, service):
    assert town.put(f"/services/{service}/active", {"active": False}, who="admin").status_code == 200
    assert town.get(f"/services/{service}").status_code == 404
    assert town.put(f"/services/{service}/active", {"active": True}, who="admin").status_code == 200
    assert town.get(f"/services/{service}").status_code == 200


def test_every_write_is_kept_and_audited(town, service):
    town.put("/packages/move", {**PACKAGE, "services": [service]}, who="admin")
    town.put("/synonyms", {"groups": [["狗", "犬"]]}, who="admin")
    town.put(f"/services/{service}/active", {"active": False}, who="admin")
    with town.parts.database.transaction() as session:
        kinds = {row.kind for row in session.query(Revision)}
        actions = {row.action for row in session.query(AuditEntry)}
        assert session.query(Service).filter_by(code=service).one().active is False
    assert kinds >= {"package", "synonyms"}
    assert actions >= {"packages.save", "synonyms.save", "service.set_active"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/packages/move", {**PACKAGE, "services": ["x"]}),
        ("PUT", "/synonyms", {"groups": []}),
        ("PUT", "/services/x/guide", {"guide": {}}),
        ("PUT", "/services/x/active", {"active": True}),
        ("DELETE", "/packages/move", None),
        ("DELETE", "/services/x/guide", None),
    ],
)
def test_it_is_for_administrators(town, method, path, body):
    assert town.call(method, path, body).status_code == 401
    assert town.call(method, path, body, who="officer").status_code == 403


def sent(data):
    return {"data": base64.b64encode(data).decode()}


def test_a_picture_of_a_paper_is_sent_in_seen_and_named_by_a_material(town, service):
    answer = town.post(f"/services/{service}/pictures", sent(picture()), who="admin")
    assert answer.status_code == 201
    assert answer.json["picture"].startswith("upload:")
    client = town.app.test_client()
    for address in (answer.json["url"], answer.json["small_url"]):
        seen = client.get(address)
        assert (seen.status_code, seen.content_type) == (200, "image/jpeg")
    again = town.post(f"/services/{service}/pictures", sent(picture()), who="admin")
    assert again.json == answer.json
    with town.parts.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Picture)) == 1
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "picture.add")).all()
        assert [row.actor_id for row in entries] != [None] * len(entries)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7", "picture_unreadable"),
        (picture(size=(50, 50)), "picture_too_small"),
        (picture(size=(6000, 5000)), "picture_too_large"),
        (bytes(MOST_BYTES + 1), "picture_too_large"),
    ],
)
def test_a_picture_that_cannot_be_used_is_refused_and_not_kept(town, service, data, code):
    refused = town.post(f"/services/{service}/pictures", sent(data), who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, code)
    with town.parts.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Picture)) == 0


def test_a_picture_needs_the_permission_a_service_and_base64(town, service):
    path = f"/services/{service}/pictures"
    assert town.post(path, sent(picture())).status_code == 401
    assert town.post(path, sent(picture()), who="officer").status_code == 403
    assert town.post("/services/none/pictures", sent(picture()), who="admin").status_code == 404
    assert town.post(path, {"data": "?"}, who="admin").status_code == 422
    assert town.post(path, {"data": "A"}, who="admin").json["code"] == "picture_unreadable"
    assert town.post(path, {"data": "A" * 13_000_000}, who="admin").status_code == 413
