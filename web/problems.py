"""Errors meet HTTP here, and only here: problem details (RFC 9457) under /api, a page elsewhere."""

import json
from typing import Any

import structlog
from flask import Flask, Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from kernel import errors
from kernel.db import DatabaseDown, is_disconnect
from web import edge

log = structlog.get_logger("web")

STATUS: list[tuple[type[errors.DomainError], int]] = [
    (errors.Invalid, 422),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Unproven, 428),
    (errors.TooMany, 429),
    (errors.Unavailable, 503),
]
_OUT_OF_RANGE = "22003"  # PostgreSQL: numeric_value_out_of_range
SERVER_FAULT, FORBIDDEN = 500, 403
_RETRY_AFTER = {429: "60", 503: "5"}

HTTP_SENTENCES = {
    400: ("请求有误，请返回上一页重试。", "The request was not understood. Please go back and try again."),
    401: ("请先登录。", "Please sign in first."),
    403: ("没有权限。", "You are not allowed to do this."),
    404: (
        "没有找到这个页面。请从首页重新进入。",
        "There is no such page. Please start again from the home page.",
    ),
    405: ("不支持这种操作方式。", "This address does not take that method."),
    406: ("无法按所要求的格式回答。", "The answer cannot be given in the format asked for."),
    409: ("情况已有变化，请刷新后再试。", "Things have changed meanwhile. Please refresh and try again."),
    413: ("提交的内容太大。", "What was sent is too large."),
    415: ("不支持这种内容格式，请使用 JSON。", "This content type is not supported; please send JSON."),
    422: ("填写的内容有误，请检查后再提交。", "Something is not right. Please check it and send it again."),
    429: ("操作太频繁，请稍后再试。", "Too many attempts. Please wait a moment and try again."),
    500: (
        "系统出错，您的操作可能没有生效，请稍后再试。",
        "Something went wrong on our side. Please try again.",
    ),
    503: ("系统暂时繁忙，请稍后再试。", "The system is busy. Please try again shortly."),
}

# What an error page is headed with: what happened, in two or three words.
TITLES = {
    400: _l("这次操作没有完成"),
    401: _l("请先登录"),
    403: _l("没有权限"),
    404: _l("没有找到"),
    409: _l("没有办成"),
    410: _l("已经过期"),
    413: _l("提交的内容太大"),
    422: _l("填写的内容有误"),
    428: _l("还差一步"),
    429: _l("操作太频繁"),
    503: _l("系统繁忙"),
}
STAFF_PAGES = (
    "/staff",
    "/console",
    "/cockpit",
    "/duty",
    "/after",
    "/admin",
    "/simulator",
    "/sign-in",
    "/sign-out",
)


def status_of(error: errors.DomainError) -> int:
    """The HTTP status of a domain error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def wants_problem() -> bool:
    """Programs get problem details; people get a page."""
    return request.path.startswith(("/api/", "/hooks/"))


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """An `application/problem+json` answer; `code` is the stable name programs branch on.

    `type` is where the code is explained; `wait_seconds` among the members says when to come again.
    """
    body = {"type": f"/api/v1/docs#{code}", "title": detail, "status": status, "detail": detail, "code": code}
    text = json.dumps({**members, **body}, ensure_ascii=False, default=str)
    response = _with_retry(Response(text, status, content_type="application/problem+json"), status)
    if "wait_seconds" in members:
        response.headers["Retry-After"] = str(members["wait_seconds"])
    return response


def title_of(status: int) -> str:
    """What happened, as a heading."""
    return str(TITLES.get(status, TITLES[400] if status < SERVER_FAULT else _("系统出错")))


def page(status: int, code: str, sentence: str) -> Response:
    """An error page that says what to do, in the dress of the pages around it."""
    html = render_template(
        "error.html", code=code, title=title_of(status), sentence=sentence, **_surroundings(status)
    )
    return _with_retry(Response(html, status, content_type="text/html; charset=utf-8"), status)


def _surroundings(status: int) -> dict[str, Any]:
    """Staff stay among staff pages and find back to their own."""
    if not any(request.path == each or request.path.startswith(f"{each}/") for each in STAFF_PAGES):
        return {"what_to_do": []}
    ask = _("换一个有权限的账号登录，或请管理员给您的账号加上这个页面的角色。")
    return {
        "layout": "staff/base.html",
        "home": "/staff",
        "home_label": _("回到工作台"),
        "whom_to_tell": _("告诉管理员这个代码会更快"),
        "what_to_do": [ask] if status == FORBIDDEN else [],
    }


def _with_retry(response: Response, status: int) -> Response:
    if status in _RETRY_AFTER:
        response.headers["Retry-After"] = _RETRY_AFTER[status]
    return response


def on_domain_error(error: errors.DomainError) -> Response:
    """Any rule that said no."""
    status, sentence = status_of(error), error.sentence(edge.language())
    if wants_problem():
        return problem(status, error.code, sentence, **error.params)
    return with_wait(page(status, error.code, sentence), error)


def with_wait(response: Response, error: errors.DomainError) -> Response:
    """The answer, saying when to come again if the error knows it."""
    if "wait_seconds" in error.params:
        response.headers["Retry-After"] = str(error.params["wait_seconds"])
    return response


def on_http_error(error: HTTPException) -> Response:
    """Errors of the framework: unknown page, wrong method, body too large, bad schema."""
    status = error.code or 500
    pair = HTTP_SENTENCES.get(status, HTTP_SENTENCES[500])
    sentence = pair[1] if edge.language() == "en" else pair[0]
    if isinstance(error, CSRFError):
        sentence = _("页面停留太久，请刷新页面后再提交一次。")
    if not wants_problem():
        answer = page(status, f"http_{status}", sentence)
    else:
        data = getattr(error, "data", None) or {}
        fields = {"errors": data["messages"]} if "messages" in data else {}
        answer = problem(status, f"http_{status}", sentence, **fields)
    for name, value in error.get_headers():
        if name in {"Allow", "Location", "WWW-Authenticate", "Retry-After"}:
            answer.headers[name] = value
    return answer


def on_database_error(error: DBAPIError) -> Response:
    """A connection that died mid-request is a clear 503; a wrong statement is our fault, 500.

    An id too long for its column names nothing that there is: 404.
    """
    if getattr(error.orig, "sqlstate", None) == _OUT_OF_RANGE:
        return on_domain_error(errors.NotFound())
    if is_disconnect(error):
        return on_domain_error(DatabaseDown())
    return on_crash(error)


def on_pool_timeout(error: PoolTimeout) -> Response:
    """All connections are busy: say so at once."""
    del error
    return on_domain_error(DatabaseDown())


def on_crash(error: Exception) -> Response:
    """Anything unforeseen: logged by class and place, never with values that may be personal."""
    log.error(
        "unhandled",
        error=type(error).__name__,
        path=request.url_rule and request.url_rule.rule,
        exc_info=error,  # an error handler is called with the exception in hand
    )
    sentence = HTTP_SENTENCES[500][edge.language() == "en"]
    if wants_problem():
        return problem(500, "internal", sentence)
    return page(500, "internal", sentence)


def register(app: Flask) -> None:
    """Attach the handlers."""
    app.register_error_handler(errors.DomainError, on_domain_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(DBAPIError, on_database_error)
    app.register_error_handler(PoolTimeout, on_pool_timeout)
    app.register_error_handler(Exception, on_crash)
