from tests.web.api.town import hall_body


def test_lists_services_and_halls_without_any_token(town):
    (service,) = town.get("/services").json["services"]
    assert (service["code"], service["minutes"], service["situation"]) == ("id-card", 10, None)
    (hall,) = town.get("/halls").json["halls"]
    assert hall["code"] == town.hall
    detail = town.get(f"/halls/{town.hall}").json
    assert [group["letter"] for group in detail["groups"]] == ["A", "B"]
    assert detail["counters"][1]["groups"] == ["A", "B"]


def test_finds_a_service_by_a_citizens_own_words(town):
    (found,) = town.get("/services?q=身份证丢了").json["services"]
    assert found["code"] == "id-card"
    (lost,) = town.get("/services?q=丢失补领").json["services"]
    assert (lost["situation"], lost["situation_en"]) == ("lost", "Lost card")
    assert town.get("/services?q=zzzzzz").json["services"] == []


def test_a_hall_that_handles_nothing_lists_nothing(town):
    assert town.put("/halls/other", hall_body(), who="admin").status_code == 200
    assert town.get("/services?hall=other").json["services"] == []
    assert len(town.get(f"/services?hall={town.hall}").json["services"]) == 1


def test_a_service_tells_its_papers_and_where_it_is_handled(town):
    service = town.get("/services/id-card").json
    assert [material["code"] for material in service["materials"]] == ["hukou", "old-card"]
    assert service["has_guide"]
    assert service["halls"] == [
        {"hall": town.hall, "name_zh": "云州市政务服务大厅", "name_en": "Yunzhou Hall", "group": "A"}
    ]


def test_a_guide_leads_to_a_situation_with_its_own_checklist(town):
    assert town.get("/services/id-card/guide").json["start"] == "reason"
    first = town.post("/services/id-card/guide", {}).json
    assert first["question"]["code"] == "reason"
    assert (first["situation"], first["checklist"]) == (None, [])
    step = town.post("/services/id-card/guide", {"answers": {"reason": "lost"}}).json
    assert (step["question"], step["situation"]["minutes"]) == (None, 20)
    assert [item["material"]["code"] for item in step["checklist"]] == ["hukou"]


def test_an_answer_that_is_not_offered_is_refused_in_the_readers_language(town):
    body = {"answers": {"reason": "stolen"}}
    chinese = town.post("/services/id-card/guide", body)
    english = town.post("/services/id-card/guide", body, Accept_Language="en-GB")
    assert (chinese.status_code, chinese.json["code"]) == (422, "unknown_answer")
    assert "办事指引" in chinese.json["detail"]
    assert "start again" in english.json["detail"]


def test_the_situation_decides_how_many_numbers_a_visit_takes(town):
    before = town.get(f"/halls/{town.hall}/availability?service=id-card&from=2026-03-03&days=1").json
    held = town.hold(answers={"reason": "lost"})
    assert held.status_code == 201
    # Another question, since the same one is answered from memory for most of a second.
    after = town.get(f"/halls/{town.hall}/availability?service=id-card&from=2026-03-03&days=2").json
    assert before["days"][0]["free"] - after["days"][0]["free"] == 2  # 20 minutes of 10 each
