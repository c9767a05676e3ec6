"""Whom this phone books for: one tap on the booking's page fills in the whole form, on the server."""

from collections.abc import Sequence
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from people import saved_persons
from people.saved_persons import Card, Relation
from web import edge
from web.citizen.face import blueprint
from web.citizen.running import keep_form, next_turn, running_booking
from web.guards import citizen_only, citizen_phone


def relations() -> dict[str, str]:
    """Relations in the reader's language, in the order of the list."""
    return {
        Relation.SELF: _("本人"),
        Relation.SPOUSE: _("配偶"),
        Relation.PARENT: _("父母"),
        Relation.CHILD: _("子女"),
        Relation.OTHER: _("其他家人"),
    }


def family() -> Sequence[Card]:
    """Everybody kept for the verified phone of this browser; nobody without one."""
    phone = citizen_phone()
    if phone is None:
        return ()
    with edge.transaction() as session:
        return saved_persons.list_persons(session, phone)


@blueprint.post("/booking/person")
@citizen_only
def choose_person() -> ResponseReturnValue:
    """Book for somebody who is kept: the form is filled in, and only the check is left."""
    running, phone = running_booking(), citizen_phone() or ""
    reference = request.form.get("person", "")
    with edge.transaction() as session:
        found = saved_persons.get_profile(session, phone, reference, now=edge.now())
    form = {"name": found.name, "kind": found.identity_kind, "number": found.identity_number}
    keep_form(
        running.token,
        {**running.form, **form, "agree": "1", "saved": reference, **next_turn(running.form)},
    )
    return redirect(url_for(".check"), 303)


def merge(before: dict[str, Any], now: dict[str, str]) -> dict[str, Any]:
    """What was typed over what was there. An empty number means the one given before: it is never shown.

    A name that came from a saved person stays hidden too, and goes with its number: who types another number
    must type the name.
    """
    number = now["number"] or before.get("number", "")
    saved = "" if now["number"] or now["name"] else before.get("saved", "")
    name = now["name"] or (before.get("name", "") if saved else "")
    return {
        **before,
        **now,
        "name": name,
        "number": number,
        "saved": saved,
        "phone": now["phone"] or before.get("phone", ""),
    }
