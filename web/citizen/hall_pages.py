"""The halls themselves: where they are, when they open, how busy they are now, what they handle."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from catalog.models import Service
from catalog.queries import services_by_group
from halls.models import Hall, ServiceGroup
from halls.opening import OpenDay, opening_days
from halls.queries import get_hall, list_city_groups, list_groups, list_halls
from queueing.busy import LineNow, lines_now, waiting_by_hall
from web import edge
from web.citizen.face import blueprint
from web.citizen.near import away, point_of, read_start, starts_to_choose
from web.guards import public


@dataclass(frozen=True, slots=True)
class HallShown:
    """A hall with what its page shows. `map_url` is empty where nobody has entered where it is."""

    hall: Hall
    groups: dict[int, ServiceGroup]
    days: list[OpenDay]
    lines: list[LineNow]
    services: dict[int, list[Service]]
    map_url: str
    now: datetime

    @property
    def today(self) -> date:
        """The hall's own date."""
        return self.days[0].on_date

    @property
    def over(self) -> bool:
        """Whether nobody is handled today any more, so that nobody should set out."""
        return all(self.state_of(line) == "over" for line in self.lines)

    def state_of(self, line: LineNow) -> str:
        """The word for a line: that of the queue, or that it is not open (yet)."""
        wall = edge.local(self.now, self.hall.time_zone).time()
        if not self.days[0].is_open(line.group_id, wall) and not line.waiting:
            return "early" if self.days[0].opens_later(line.group_id, wall) else "over"
        return str(line.level)


@blueprint.get("/halls")
@public
def hall_list() -> ResponseReturnValue:
    """All halls with how many wait; sorted by distance where a start is given."""
    with edge.transaction() as session:
        halls = list_halls(session)
        waiting = waiting_by_hall(session, halls, now=edge.now())
        lines = Counter(group.hall_id for group in list_city_groups(session))
    halls.sort(key=lambda hall: -lines[hall.id])  # those that handle the most first
    start = read_start(halls)
    rows = [(hall, waiting.get(hall.id, 0), away(start, hall)) for hall in halls]
    if start:
        rows.sort(key=lambda row: (row[2] is None, row[2] or 0.0))
    return render_template(
        "citizen/hall_list.html",
        rows=rows,
        start=start,
        starts=starts_to_choose(halls),
        here=url_for(".hall_list"),
    )


@blueprint.get("/halls/<hall_code>")
@public
def hall_page(hall_code: str) -> ResponseReturnValue:
    """One hall."""
    now = edge.now()
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        groups = list_groups(session, hall.id, active=True)
        today = edge.local(now, hall.time_zone).date()
        shown = HallShown(
            hall=hall,
            groups={group.id: group for group in groups},
            days=opening_days(session, hall, groups, first_on=today),
            lines=lines_now(session, hall.id, now=now),
            services=dict(services_by_group(session, hall.id)),
            map_url=map_url(hall),
            now=now,
        )
    return render_template("citizen/hall.html", it=shown, here=url_for(".hall_page", hall_code=hall_code))


def map_url(hall: Hall) -> str:
    """Where a map service shows the hall; empty when nobody has entered its position."""
    point = point_of(hall)
    if point is None:
        return ""
    wanted = edge.parts().settings.map_url
    places = {"latitude": f"{point.latitude:.6f}", "longitude": f"{point.longitude:.6f}"}
    return wanted.format(**places, name=quote(edge.text(hall, "name")))
