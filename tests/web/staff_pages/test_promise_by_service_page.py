"""The promise of three working days by service, on the page of a day's numbers."""

import re
from datetime import timedelta

from booking.promise_samples import take_samples
from tests import build

NUMBERS = "/admin/plans/yunzhou/numbers"


def test_a_service_that_needs_two_numbers_in_a_row_is_told_apart_from_its_line(faces, chief):
    assert "要占几个号" not in chief.get(NUMBERS)
    with faces.parts.database.transaction() as session:
        line = session.merge(faces.a)
        build.make_service(session, line, minutes=2 * line.unit_minutes, name_zh="两个号的事")
        build.make_slot(session, line, build.at("10:00", build.TODAY + timedelta(days=1)), numbers=1)
        take_samples(session, due_at=build.at("10:00"), now=build.at("10:00"))
    page = chief.get(NUMBERS + f"?on={build.TODAY}")
    row = re.search(r"<tr><th scope=\"row\">两个号的事</th>(.*?)</tr>", page)
    assert row is not None
    assert re.findall(r">([^<]+)</td>", row[1])[:3] == ["2", "0.0 %", "0.0 %"]
    assert "100.0 %" in page  # the line itself has a number
