"""Lifting a suspension for somebody at the counter, by their document: in the form, never in an address."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.lift import REASONS, lift_suspension
from kernel.errors import DomainError
from web import edge
from web.citizen.forms import kind_options, typed
from web.console.once import Said, once
from web.duty.face import blueprint, errors_of, my_hall
from web.guards import staff_only
from web.problems import status_of
from web.told_to_staff import lifts_audited

_FIELDS = ("kind", "number", "reason")


@blueprint.get("/<hall_code>/lift")
@staff_only("appeal.decide")
def lift(hall_code: str) -> ResponseReturnValue:
    """Whose, and why; nothing is told about anybody before."""
    return _page(hall_code, {})


@blueprint.post("/<hall_code>/lift")
@staff_only("appeal.decide")
def submit_lift(hall_code: str) -> ResponseReturnValue:
    """Lift it; the same press twice is one deed."""
    form = typed(request.form, *_FIELDS)
    try:
        with lifts_audited(hall_code, form["kind"], form["number"]):
            _about, sentence = once(lambda session: _lift(session, hall_code, form))
    except DomainError as refusal:
        return _page(hall_code, form, errors_of(refusal)), status_of(refusal)
    flash(sentence, "ok")
    return redirect(url_for(".lift", hall_code=hall_code), 303)


def _lift(session: Session, hall_code: str, form: dict[str, str]) -> Said:
    hall = my_hall(session, hall_code, "appeal.decide")
    n = lift_suspension(session, hall, **form, actor=edge.actor(), now=edge.now())
    return "", str(_("已恢复网上预约，本大厅的 %(n)s 次爽约不再计算，写入操作记录。", n=n))


def _page(hall_code: str, form: dict[str, str], errors: dict[str, str] | None = None) -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "appeal.decide")
    return render_template(
        "duty/lift.html",
        hall=hall,
        form=form,
        errors=errors or {},
        kinds=kind_options(),
        reasons=REASONS,
        here=url_for(".lift", hall_code=hall_code),
    )
