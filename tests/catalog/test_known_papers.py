from catalog.known_papers import licence_kinds, papers_to_lack
from tests import build


def paper(code, name, licence=""):
    return {"code": code, "name_zh": name, "name_en": name.upper(), "licence": licence}


def service(session, code, *materials):
    made = build.make_service(session, code=code)
    made.materials = list(materials)
    session.flush()
    return made


def test_a_kind_of_licence_is_called_as_most_of_its_papers_are(session):
    service(session, "a", paper("id-card", "card", "id-card"))
    service(session, "b", paper("id-card", "card", "id-card"))
    service(session, "c", paper("owner", "owner's card", "id-card"), paper("book", "book", "register"))
    service(session, "d", paper("old", "old", "old")).active = False
    assert licence_kinds(session) == {"id-card": ("card", "CARD"), "register": ("book", "BOOK")}


def test_papers_to_lack_are_ones_own_then_common_ones_then_those_named_already(session):
    for code in ("a", "b", "c"):
        service(session, code, paper("id-card", "card"), paper(f"only-{code}", f"only {code}"))
    mine = service(session, "mine", paper("zebra", "zebra"))
    found = papers_to_lack(session, mine, ["only-b", "nowhere"])
    assert list(found) == ["zebra", "id-card", "only-b"]
    assert found["id-card"] == ("card", "CARD")
