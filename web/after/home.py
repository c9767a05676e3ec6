"""One's halls, with what is left to do in each."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from halls.queries import list_halls
from queueing.back_tasks import is_late, list_tasks
from queueing.owed import list_owed
from web import edge
from web.after.face import blueprint
from web.guards import staff_only


@blueprint.get("/")
@staff_only("task.work")
def home() -> ResponseReturnValue:
    """The halls; straight to the tasks of one's only hall."""
    may = edge.actor().may
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if may("task.work", hall.id)]
        if len(halls) == 1:
            return redirect(url_for(".tasks", hall_code=halls[0].code), 303)
        rows = [(hall, list_tasks(session, hall.id), list_owed(session, hall.id)) for hall in halls]
    today = {hall.id: edge.today(hall.time_zone) for hall in halls}
    counts = [
        (hall, len(tasks), sum(is_late(each, today=today[hall.id]) for each in tasks), len(papers))
        for hall, tasks, papers in rows
    ]
    return render_template("after/home.html", rows=counts)
