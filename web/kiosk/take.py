"""现场取号: the matter, then whether it needs a visit at all, then the number."""

from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.queries import services_by_group
from halls.queries import list_groups
from kernel.errors import DomainError
from kernel.phone import normalise
from queueing.board import board
from queueing.errors import LineClosed, WalkInsStopped
from queueing.issue import IssueTicket, issue
from web import edge, problems
from web.kiosk.chosen import chosen
from web.kiosk.face import blueprint, hall, kiosk_only
from web.kiosk.offers import shown


@blueprint.get("/take")
@kiosk_only
def take() -> ResponseReturnValue:
    """All matters, most asked for first, of every line or of one `line`, and how many wait there.

    No press opens the rest of a list: line, matter and number are three.
    """
    line = request.args.get("line", "")
    with edge.transaction() as session:
        groups = [group for group in list_groups(session, hall().id, active=True) if line in ("", group.code)]
        services = services_by_group(session, hall().id)
        waiting = {line.group_id: line.count for line in board(session, hall().id, now=edge.now()).waiting}
    return render_template("kiosk/take.html", groups=groups, services=services, waiting=waiting, line=line)


@blueprint.get("/take/<group_code>")
@kiosk_only
def confirm(group_code: str) -> ResponseReturnValue:
    """What would be told, whether it can be done from home, and the last press; with `sms` a phone too."""
    with edge.transaction() as session:
        facts = chosen(session, group_code)
    page = "kiosk/remind.html" if request.args.get("sms") else "kiosk/confirm.html"
    return render_template(page, error="", **facts)


@blueprint.post("/take/<group_code>")
@kiosk_only
def take_now(group_code: str) -> ResponseReturnValue:
    """Issue the number; the same press twice shows the same ticket."""
    try:
        with edge.transaction() as session:
            command = _command(chosen(session, group_code))
            ticket = issue(session, command, actor=g.actor, now=edge.now())
    except (WalkInsStopped, LineClosed) as refusal:
        return _stopped(group_code, refusal)
    except DomainError as error:
        return _again(group_code, error)
    return redirect(url_for("kiosk.ticket", reference=ticket.reference, new=1), 303)


def _command(facts: dict[str, Any]) -> IssueTicket:
    phone, press = request.form.get("phone", "").strip(), request.form.get("press", "")
    service = facts["service"]
    return IssueTicket(
        hall_id=hall().id,
        group_id=facts["group"].id,
        service_ids=(service.id,) if service else (),
        track="standby" if request.form.get("track") == "standby" else "walk_in",
        green_reason=request.form.get("green") or None,
        phone=normalise(phone) if phone else None,
        language=edge.language(),
        press_key=f"kiosk:{press}" if press else None,
        silent=request.form.get("silent") == "1",
    )


def _again(group_code: str, error: DomainError) -> ResponseReturnValue:
    with edge.transaction() as session:
        facts = chosen(session, group_code)
    template = "kiosk/remind.html" if request.form.get("phone") else "kiosk/confirm.html"
    page = render_template(template, error=error.sentence(edge.language()), **facts)
    return page, problems.status_of(error)


def _stopped(group_code: str, refusal: WalkInsStopped | LineClosed) -> ResponseReturnValue:
    """No number today: what can be done instead."""
    with edge.transaction() as session:
        facts = chosen(session, group_code)
        facts["offers"] = shown(session, refusal.params.get("alternatives", []))
    facts["sentence"] = refusal.sentence(edge.language())
    return render_template("kiosk/stopped.html", **facts), problems.status_of(refusal)
