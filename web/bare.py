"""Operations that hundreds ask for at once: no session, no cookies, no pages, so none of these is looked at.

What Flask and its extensions do before and after every request takes as long as the whole view of a hold. A
bare view answers with a `Response`; its errors are answered as everywhere.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from flask import Flask, Response, request

View = TypeVar("View", bound=Callable[..., Response])


def bare(view: View) -> View:
    """Say that a view needs nothing of what is done around views, beside the headers of its answer."""
    view.__bare__ = True  # type: ignore[attr-defined]  # read below
    return view


class Application(Flask):
    """Flask, whose bare views are called as they are."""

    #: Headers of every answer, set by `web.security`.
    hardening: Sequence[tuple[str, str]] = ()

    @cached_property
    def _bare(self) -> dict[str, Any]:
        return {endpoint: view for endpoint, view in self.view_functions.items() if hasattr(view, "__bare__")}

    def full_dispatch_request(self) -> Response:
        """Answer the request."""
        rule: Any = request.url_rule
        view = self._bare.get(rule.endpoint) if rule is not None else None
        if view is None:
            return super().full_dispatch_request()
        self._got_first_request = True
        try:
            response: Response = view(**(request.view_args or {}))
        except Exception as error:  # noqa: BLE001 - as Flask does: the handlers know which are ours
            return self.finalize_request(self.handle_user_exception(error))
        response.headers.extend(self.hardening)
        return response
