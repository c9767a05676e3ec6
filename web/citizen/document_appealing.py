"""Appeal for a document that others used: the same page, answer and work, whatever is known of it."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking import document_appeals
from booking.document_appeals import AppealForDocument
from halls.queries import list_halls
from kernel.errors import DomainError
from web import edge
from web.citizen.face import blueprint
from web.citizen.forms import kind_options, typed
from web.guards import citizen_only
from web.limits import limit_document_appeal
from web.problems import status_of

_FIELDS = ("hall", "kind", "number")
_FIELD_OF = {"hall_unknown": "hall", "identity_kind_unknown": "kind", "words_missing": "reason"}


@blueprint.get("/my/document-appeal")
@citizen_only
def ask_document_appeal() -> ResponseReturnValue:
    """What this is for, and the form."""
    return _page({"hall": request.args.get("hall", "")})


@blueprint.post("/my/document-appeal")
@citizen_only
def submit_document_appeal() -> ResponseReturnValue:
    """Send it to a duty officer; nothing is told about the document."""
    form = typed(request.form, *_FIELDS) | {"reason": request.form.get("reason", "")[:2000]}
    if not form["number"]:
        return _page(form, {"number": _("请填写证件号码。")}), 422
    try:
        _ask(form)
    except DomainError as refusal:
        at = "number" if refusal.code.startswith("identity_") else "_refusal"
        errors = {_FIELD_OF.get(refusal.code, at): refusal.sentence(edge.language())}
        return _page(form, errors), status_of(refusal)
    flash(_("申诉已提交。值班长处理后会发短信告诉您。"), "ok")
    return redirect(url_for(".my_bookings", _anchor="document-appeals"), 303)


def _ask(form: dict[str, str]) -> None:
    command = AppealForDocument(
        hall_code=form["hall"],
        identity_kind=form["kind"],
        identity_number=form["number"],
        phone=g.phone,
        reason=form["reason"],
        language=edge.language(),
    )
    with edge.transaction() as session:
        limit_document_appeal(session, g.phone, form["kind"], form["number"])
        document_appeals.ask(session, command, actor=edge.actor(), now=edge.now())


def _page(form: dict[str, str], errors: dict[str, str] | None = None) -> str:
    with edge.transaction() as session:
        halls = [(hall.code, edge.text(hall, "name")) for hall in list_halls(session)]
    labels = {
        "kind": _("证件类型"),
        "number": _("证件号码"),
        "hall": _("想在哪个大厅办事"),
        "reason": _("理由"),
        "_refusal": "",
    }
    return render_template(
        "citizen/document_appeal.html",
        form=form,
        halls=halls,
        kinds=kind_options(),
        errors=errors or {},
        labels=labels,
        phone=g.phone,
        here=url_for(".ask_document_appeal"),
    )
