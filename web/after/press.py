"""One press of a form on these pages: done once, told, and back to the list."""

from collections.abc import Callable

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from web import edge
from web.console.once import Said, once
from web.problems import status_of


def press(
    step: Callable[[Session], Said], page: Callable[[str], str], *, endpoint: str, hall_code: str
) -> ResponseReturnValue:
    """Do the step and lead to the list; refused, the same page says why with the status of the refusal."""
    try:
        category, sentence = once(step)
    except DomainError as refusal:
        flash(refusal.sentence(edge.language()), "bad")
        return page(hall_code), status_of(refusal)
    flash(sentence, category)
    return redirect(url_for(endpoint, hall_code=hall_code), 303)
