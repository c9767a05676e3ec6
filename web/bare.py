"""Operations that hundreds ask for at once: no session, no cookies, no pages, so none of these is looked at.

What Flask and its extensions do before and after every request takes as long as the whole view of a hold. A
bare view answers with a whole `Response`; its errors are answered as everywhere. It is found by its address
alone: at once where that has no variable parts, else once it has been answered before.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request, Response, request
from flask.ctx import RequestContext
from flask.sessions import SecureCookieSession
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import MapAdapter, Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

View = TypeVar("View", bound=Callable[..., Response])


def bare(view: View) -> View:
    """Say that a view needs nothing of what is done around views, beside the headers of its answer."""
    view.__bare__ = True  # type: ignore[attr-defined]  # read below
    return view


#: Addresses of bare views that are remembered: more than a city's counters, and no more than a few megabytes.
_MOST_KNOWN = 5_000
_LEAST_REFUSAL = 400


class Asked(Request):
    """A request, which reads cookies only where there are any."""

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """What the browser keeps for us."""
        return super().cookies if "HTTP_COOKIE" in self.environ else ImmutableMultiDict()


class Application(Flask):
    """Flask, whose bare views are called as they are."""

    request_class = Asked

    #: Headers of every answer, set by `web.security`.
    hardening: Sequence[tuple[str, str]] = ()

    @cached_property
    def _bare(self) -> dict[str, Any]:
        return {endpoint: view for endpoint, view in self.view_functions.items() if hasattr(view, "__bare__")}

    @cached_property
    def _known(self) -> dict[tuple[str, str], tuple[Rule, dict[str, Any]]]:
        """By method and path: the rule of a bare view, and what the variable parts are.

        Addresses with variable parts are added as they are answered: matching says the same of them again.
        """
        rules = [rule for rule in self.url_map.iter_rules() if rule.endpoint in self._bare]
        return {
            (method, rule.rule): (rule, {})
            for rule in rules
            for method in (rule.methods or set()) - {"OPTIONS"}
            if not rule.arguments
        }

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer the request."""
        known = self._known.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if known is None:
            return super().wsgi_app(environ, start_response)
        asked = self.request_class(environ)
        rule, parts = asked.url_rule, asked.view_args = known
        with RequestContext(self, environ, asked, SecureCookieSession()):
            try:
                response: Response = self._bare[rule.endpoint](**parts)
            except Exception as error:  # noqa: BLE001 - as Flask does: the handlers know which are ours
                return self._refusal(error)(environ, start_response)
            start_response(response.status, [*response.headers, *self.hardening])
            return [response.get_data()]

    def full_dispatch_request(self) -> Response:
        """Answer a request that was routed."""
        rule: Any = request.url_rule
        view = self._bare.get(rule.endpoint) if rule is not None else None
        if view is None or request.method == "OPTIONS":
            return super().full_dispatch_request()
        parts = request.view_args or {}
        try:
            response: Response = view(**parts)
        except Exception as error:  # noqa: BLE001 - as above
            return self._refusal(error)
        # Not what was refused: who makes up addresses must not fill this for the life of the process.
        if response.status_code < _LEAST_REFUSAL and len(self._known) < _MOST_KNOWN:
            self._known[request.method, request.environ["PATH_INFO"]] = (rule, parts)
        response.headers.extend(self.hardening)
        return response

    def _refusal(self, error: Exception) -> Response:
        try:
            return self.finalize_request(self.handle_user_exception(error))
        except Exception as failure:  # noqa: BLE001 - as Flask does
            return self.handle_exception(failure)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """None where nothing need be matched."""
        rule = request.url_rule if request is not None else None
        known = rule is not None and rule.endpoint in self._bare
        return None if known else super().create_url_adapter(request)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """After a bare view there is nothing to clear away."""
        rule = request.url_rule
        if rule is None or rule.endpoint not in self._bare:
            super().do_teardown_request(exc)
