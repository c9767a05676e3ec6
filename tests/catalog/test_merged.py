from hypothesis import given
from hypothesis import strategies as st

from catalog.guide import ChecklistItem, Material
from catalog.merged import Reason, merge


def paper(name, *, copies=0, original=True, waivable=False, deferrable=False):
    return Material(name, name, name, copies, original, waivable, deferrable, "", "")


def item(name, why="", **values):
    return ChecklistItem(paper(name, **values), why, why)


def test_a_paper_that_several_need_stands_once_first_and_says_who_needs_it_and_why():
    merged = merge([[item("photo"), item("card", "核对")], [item("card", "登记")]])
    assert [each.material.code for each in merged] == ["card", "photo"]
    assert merged[0].reasons == (Reason(0, "核对", "核对"), Reason(1, "登记", "登记"))


def test_the_most_demanding_form_is_what_every_window_accepts():
    kind = item("card", copies=0, original=False, waivable=True, deferrable=True)
    strict = item("card", copies=2, original=True)
    for lists in ([[kind], [strict]], [[strict], [kind]]):
        (merged,) = merge(lists)
        assert merged.material == paper("card", copies=2)


papers = st.builds(
    item, st.sampled_from("abcd"), copies=st.integers(0, 3), original=st.booleans(), waivable=st.booleans()
)
lists = st.lists(st.lists(papers, max_size=5, unique_by=lambda each: each.material.code), max_size=4)


@given(lists)
def test_no_paper_is_lost_doubled_or_made_easier(lists):
    merged = {each.material.code: each for each in merge(lists)}
    assert set(merged) == {each.material.code for items in lists for each in items}
    for service, items in enumerate(lists):
        for each in items:
            one = merged[each.material.code]
            assert service in {reason.service for reason in one.reasons}
            assert one.material.copies >= each.material.copies
            assert one.material.original or not each.material.original
            assert each.material.waivable or not one.material.waivable
