"""The console's blueprint, the desk that its pages show, and what an officer reads when a rule says no."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from kernel import clock
from kernel.errors import DomainError, Forbidden
from queueing.choose import REASONS
from queueing.counters import PAUSE_REASONS, ensure_own
from queueing.desk import Desk, desk, find_seat
from queueing.desk_more import more
from queueing.errors import NotYourCounter
from web import edge, problems
from web.citizen.forms import kind_name

#: In which order the rule of the hall calls (queueing.ordering), for who is asked "why them?".
ORDERS = {
    "promise": (
        _l("转办、补件回来的，每叫几位至多一位"),
        _l("绿色通道，连着叫的人数有上限"),
        _l("到点的预约，和到了承诺时刻的现场号：谁的时刻早谁先"),
        _l("其余现场号，按取号先后；办得快的可能先叫"),
        _l("提前到的预约，和候补号"),
    ),
    "fifo": (_l("不分预约和现场，按取号先后"),),
    "strict": (_l("签到的预约，按预约时间"), _l("现场号，按取号先后")),
    "accumulating": (_l("等得越久越靠前；现场号积得慢，预约从预约时间起积"),),
}
blueprint = Blueprint("console", __name__, url_prefix="/console")


def get_desk(session: Session, counter_id: int) -> Desk:
    """The officer's own desk (the duty officer's: any in the hall).

    Raises:
        CounterNotFound, CounterNotOpen, NotYourCounter, Forbidden
    """
    found = desk(session, counter_id, now=edge.now())
    edge.require("counter.work", found.hall.id)
    ensure_own(found.running, edge.actor())
    by, now = edge.actor(), edge.now()
    return replace(found, more=more(session, found, actor=by, now=now, real_now=clock.real_now()))


def facts(found: Desk) -> dict[str, Any]:
    """What the templates of a desk ask for."""
    return {
        "desk": found,
        "now": edge.now(),
        "may_override": edge.actor().may("ticket.override", found.hall.id),
        "may_choose": edge.actor().may("ticket.choose", found.hall.id),
        "chosen_reasons": REASONS,
        "pause_reasons": PAUSE_REASONS,
        "minutes": _minutes,
        "kind_name": kind_name,
        "order": ORDERS[found.discipline],
    }


def _minutes(before: datetime | None, after: datetime) -> int:
    """Whole minutes between; 0 where the first is unknown or later."""
    return max(0, (after - before) // timedelta(minutes=1)) if before else 0


def _who_sits_there() -> tuple[str, str] | None:
    """Title and sentence where another officer has the counter now; None where nobody of this hall has it.

    Colleagues of one hall read each other's names, as on the page where counters are chosen.
    """
    with edge.transaction() as session:
        seat = find_seat(session, int((request.view_args or {}).get("counter_id", 0)))
    if seat is None or seat.running is None or not edge.actor().may("counter.work", seat.running.hall_id):
        return None
    if seat.running.staff_id == edge.actor().id:
        return None
    said = _(
        "%(number)s 号窗口现在由%(name)s值守，您在这里按的不再生效。请回到工作台，选择别的窗口。",
        number=seat.counter.number,
        name=seat.staff_name,
    )
    return _("这个窗口现在由别人值守"), said


@blueprint.errorhandler(DomainError)
def on_refusal(error: DomainError) -> ResponseReturnValue:
    """The desk as it is now, with the sentence above it; a plain page where there is no desk to show."""
    sentence, status = error.sentence(edge.language()), problems.status_of(error)
    here = url_for("console.home")
    try:
        with edge.transaction() as session:
            found = get_desk(session, int((request.view_args or {})["counter_id"]))
    except (DomainError, KeyError):
        # Who was relieved needs another counter, not another account.
        if isinstance(error, Forbidden) and not isinstance(error, NotYourCounter):
            return problems.on_domain_error(error)
        relieved = _who_sits_there() if isinstance(error, NotYourCounter) else None
        title, sentence = relieved or (_("现在不能这样做"), sentence)
        words = {"title": title, "sentence": sentence, "code": error.code, "here": here}
        back = {"home": here, "home_label": _("回到工作台")}
        return render_template("error.html", layout="staff/base.html", **back, **words), status
    flash(sentence, "bad")
    here = url_for("console.desk_page", counter_id=found.counter.id)
    return render_template("console/desk.html", here=here, **facts(found)), status
