from kernel.difference import Change, changes


def test_names_each_place_that_differs():
    assert changes({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "c": 3}) == [Change(("b",), 2, 5)]
    assert changes({"a": [1, 2]}, {"a": [1]}) == [Change(("a",), [1, 2], [1])]


def test_equal_states_have_no_changes():
    assert changes({"a": [{"code": "x"}]}, {"a": [{"code": "x"}]}) == []


def test_one_more_part_does_not_make_the_others_look_changed():
    before = {"materials": [{"code": "id", "name": "旧"}, {"code": "photo", "name": "照片"}]}
    after = {"materials": [{"code": "book", "name": "户口簿"}, *before["materials"]]}
    assert changes(before, after) == [Change(("materials", "book"), None, after["materials"][0])]


def test_another_order_is_a_change_too():
    before = {"m": [{"code": "a"}, {"code": "b"}]}
    assert changes(before, {"m": before["m"][::-1]}) == [Change(("m",), ["a", "b"], ["b", "a"])]


def test_a_part_within_a_part_is_found():
    before = {"questions": [{"code": "q", "options": [{"code": "o", "text": "是"}]}]}
    after = {"questions": [{"code": "q", "options": [{"code": "o", "text": "对"}]}]}
    assert changes(before, after) == [Change(("questions", "q", "options", "o", "text"), "是", "对")]


def test_what_was_absent_and_is_now_empty_is_no_change():
    assert changes({"a": 1}, {"a": 1, "note": "", "list": [], "flag": False}) == []
    assert changes({"a": [{"code": "x"}]}, {"a": None}) == [Change(("a",), [{"code": "x"}], None)]


def test_of_rows_without_a_mark_only_those_that_differ_are_told_in_one_order_of_fields():
    before = {"plan": [{"group": "A", "starts": "09:00"}, {"group": "B", "starts": "09:00"}]}
    after = {"plan": [{"group": "A", "starts": "09:00"}, {"starts": "10:30", "group": "B"}]}
    found = changes(before, after)
    assert found == [
        Change(("plan",), {"group": "B", "starts": "09:00"}, None),
        Change(("plan",), None, {"group": "B", "starts": "10:30"}),
    ]
    assert list(found[1].after) == ["group", "starts"]


def test_the_first_row_of_a_list_is_new():
    assert changes({"plan": []}, {"plan": [{"group": "A"}]}) == [Change(("plan",), None, {"group": "A"})]
