"""How many of a hall's bookings came, where its overbooking is set."""

from datetime import timedelta

from tests import build


def test_the_share_that_came_stands_beside_the_field_of_overbooking(faces, chief):
    page = chief.get("/admin/plans/yunzhou/rules")
    assert "近 8 周只有 0 个预约可算（到场 0 个），太少，还不能作准；至少要 100 个。" in page
    with faces.parts.database.transaction() as session:
        yesterday = build.at("10:00", build.TODAY - timedelta(days=1))
        slot = build.make_slot(session, session.merge(faces.a), yesterday)
        for number in range(100):
            build.make_appointment(session, slot, state="no_show" if number < 12 else "fulfilled")
    page = chief.get("/admin/plans/yunzhou/rules")
    assert "近 8 周预约 100 个，到场 88 个，比例 0.88（真实比例约在 0.80 到 0.93 之间）。" in page
