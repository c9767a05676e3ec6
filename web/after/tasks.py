"""The back office's list: take up, mark as ready, hand out (统一窗口出件)."""

from functools import partial

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from kernel.errors import Invalid
from queueing.back_tasks import get_task, is_late, list_tasks, move_task
from queueing.task_states import NAMES_EN, NAMES_ZH, TASK_STEPS, TaskState
from web import edge
from web.after.face import blueprint, my_hall, services_by_id
from web.after.press import press
from web.console.once import Said
from web.guards import staff_only


class StepUnknown(Invalid):
    """A task goes one of its steps."""

    code = "task_step_unknown"
    zh = "请选择下一步：开始办理、办好、交给本人或撤销。"
    en = "Please choose a step: begin, ready, handed out or cancelled."


@blueprint.get("/<hall_code>/tasks")
@staff_only("task.work")
def tasks(hall_code: str) -> ResponseReturnValue:
    """What is open, the first due first, and below what was handed out."""
    return _page(hall_code)


@blueprint.post("/<hall_code>/tasks/<reference>")
@staff_only("task.work")
def step_task(hall_code: str, reference: str) -> ResponseReturnValue:
    """One step of a task."""
    return press(partial(_step, hall_code, reference), _page, endpoint=".tasks", hall_code=hall_code)


def _step(hall_code: str, reference: str, session: Session) -> Said:
    hall = my_hall(session, hall_code, "task.work")
    task = get_task(session, reference, hall_id=hall.id)
    wanted = request.form.get("to", "")
    if wanted not in set(TaskState):
        raise StepUnknown
    move_task(session, task, TaskState(wanted), actor=edge.actor(), now=edge.now())
    names = NAMES_EN if edge.language() == "en" else NAMES_ZH
    return "ok", _("%(label)s 现在是“%(state)s”。", label=task.label, state=names[TaskState(task.state)])


def _page(hall_code: str) -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "task.work")
        waiting = list_tasks(session, hall.id)
        done = list_tasks(session, hall.id, open_only=False, limit=30)
        services = services_by_id(session, [each.service_id for each in (*waiting, *done)])
    today = edge.today(hall.time_zone)
    late = {each.id for each in waiting if is_late(each, today=today)}
    return render_template(
        "after/tasks.html",
        hall=hall,
        waiting=waiting,
        done=done,
        services=services,
        late=late,
        today=today,
        steps={state.value: {each.value for each in after} for state, after in TASK_STEPS.items()},
        here=url_for(".tasks", hall_code=hall_code),
    )
