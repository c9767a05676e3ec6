"""Fragments: a part of a page that the browser fetches again; unchanged ones cost 204 and no bytes."""

import hashlib
import re
from http import HTTPStatus
from typing import Any

from flask import Response, make_response, render_template, request

# Tokens of forms differ each time they are drawn; an older one serves as well.
_TOKENS = re.compile(r'(name="(?:csrf_token|press)"[^>]*? value=")[^"]*')


def fragment(template: str, **values: Any) -> Response:
    """Render a fragment with an ETag; when the reader has it already, 204 for our scripts, else 304.

    A script that says what it has (`X-Fragment`) keeps no copy in the browser's cache from which a page could
    be taken: there is no content to give. Whoever asks as a cache does is answered as a cache.
    """
    html = render_template(template, **values)
    response = make_response(html)
    response.headers["Cache-Control"] = "no-cache, private"
    response.set_etag(hashlib.sha256(_TOKENS.sub(r"\1", html).encode()).hexdigest()[:24])
    response.make_conditional(request)
    if response.status_code == HTTPStatus.NOT_MODIFIED and "X-Fragment" in request.headers:
        response.status_code = HTTPStatus.NO_CONTENT
    return response
