"""Appeals against missed appointments, and for documents that others used: read, decide, answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking import appeals as asked_for
from booking import document_appeals as documents
from booking.appeal_steps import AppealState, Kind, get_of_hall
from booking.asked import answer_of, asker_of, reason_of
from booking.document_appeals import OnRecord
from booking.models import Appeal, Appointment, DocumentAppeal
from kernel.errors import DomainError
from kernel.phone import mask as mask_phone
from people.citizens import name_of
from people.identity import mask, mask_name
from people.models import Citizen
from web import edge
from web.citizen.forms import kind_name
from web.duty.face import blueprint, my_hall
from web.guards import staff_only
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Row:
    """An appeal with its words; the name is masked: it is not needed to decide."""

    appeal: Appeal
    appointment: Appointment
    name: str
    reason: str
    answer: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """An appeal for a document, masked, with what is on record of it while it waits for a decision."""

    appeal: DocumentAppeal
    kind: str
    number: str
    phone: str
    reason: str
    answer: str
    record: OnRecord | None


@blueprint.get("/<hall_code>/appeals")
@staff_only("appeal.decide")
def appeals(hall_code: str) -> ResponseReturnValue:
    """The open ones with a form each, and below what was decided."""
    return _page(hall_code)


@blueprint.post("/<hall_code>/appeals/<reference>")
@staff_only("appeal.decide")
def decide_appeal(hall_code: str, reference: str) -> ResponseReturnValue:
    """Accept or refuse, with an answer."""
    return _decide(hall_code, Appeal, reference, asked_for.decide)


@blueprint.post("/<hall_code>/document-appeals/<reference>")
@staff_only("appeal.decide")
def decide_document_appeal(hall_code: str, reference: str) -> ResponseReturnValue:
    """Accept or refuse, with an answer; accepted, it may go on to another hall."""
    return _decide(hall_code, DocumentAppeal, reference, documents.decide)


def _decide(
    hall_code: str, kind: type[Kind], reference: str, decide: Callable[..., None]
) -> ResponseReturnValue:
    answer = request.form.get("answer", "")[:2000]
    accepted = request.form.get("do") == "accept"
    try:
        with edge.transaction() as session:
            hall = my_hall(session, hall_code, "appeal.decide")
            asked = get_of_hall(session, kind, reference, hall_id=hall.id)
            decide(session, asked, accepted=accepted, answer=answer, actor=edge.actor(), now=edge.now())
            done = asked.hall_id == hall.id
    except DomainError as refusal:
        return _page(hall_code, reference, refusal.sentence(edge.language())), status_of(refusal)
    if done:
        flash(_("已处理，短信告诉申诉人。"), "ok")
    else:
        flash(_("本大厅的爽约不再计算。其他大厅的仍使预约受限，已转给那里处理。"), "ok")
    return redirect(url_for(".appeals", hall_code=hall_code), 303)


def _page(hall_code: str, wrong: str = "", refusal: str = "") -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "appeal.decide")
        waiting = [_row(session, *row) for row in asked_for.list_appeals(session, hall.id, open_only=True)]
        done = asked_for.list_appeals(session, hall.id, open_only=False, limit=30)
        decided = [_row(session, *row) for row in done]
        disputed = documents.list_document_appeals(session, hall.id, open_only=True)
        settled = documents.list_document_appeals(session, hall.id, open_only=False, limit=30)
        papers = [_document_row(session, each) for each in (*disputed, *settled)]
    here = url_for(".appeals", hall_code=hall_code)
    return render_template(
        "duty/appeals.html",
        hall=hall,
        waiting=waiting,
        decided=decided,
        disputed=[row for row in papers if row.record],
        settled=[row for row in papers if not row.record],
        wrong=wrong,
        refusal=refusal,
        typed=request.form.get("answer", "")[:500],
        here=here,
    )


def _row(session: Session, appeal: Appeal, appointment: Appointment) -> Row:
    return Row(
        appeal=appeal,
        appointment=appointment,
        name=mask_name(name_of(session.get_one(Citizen, appointment.citizen_id))),
        reason=reason_of(appeal),
        answer=answer_of(appeal),
        asked_at=appeal.created_at,
    )


def _document_row(session: Session, asked: DocumentAppeal) -> DocumentRow:
    asker = asker_of(asked)
    is_open = asked.state == AppealState.ASKED
    return DocumentRow(
        appeal=asked,
        kind=kind_name(asker.identity_kind),
        number=mask(asker.identity_number),
        phone=mask_phone(asker.phone),
        reason=reason_of(asked),
        answer=answer_of(asked),
        record=documents.on_record(session, asked, now=edge.now()) if is_open else None,
    )
