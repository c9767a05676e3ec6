import pytest

from catalog.models import Service
from kernel.audit import AuditEntry
from kernel.history import Revision

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
