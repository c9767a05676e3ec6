def test_times_of_all_halls_come_mixed_the_earliest_first(town):
    answer = town.get("/services/id-card/first-available?limit=3")
    assert answer.status_code == 200
    slots = answer.json["slots"]
    assert len(slots) == 3
    assert [each["starts_at"] for each in slots] == sorted(each["starts_at"] for each in slots)
    assert slots[0].keys() == {"hall", "group", "starts_at", "free", "name_zh", "name_en"}
    assert slots[0]["hall"] == town.hall
    assert answer.json["next_release_at"] is None


def test_an_unknown_service_is_not_found(town):
    assert town.get("/services/nothing/first-available").status_code == 404


def test_a_senseless_limit_is_refused(town):
    for limit in ("0", "101", "x"):
        assert town.get(f"/services/id-card/first-available?limit={limit}").status_code == 422
