"""Fragments: a part of a page that the browser fetches again; unchanged ones cost 304 and no bytes."""

import hashlib
import re
from typing import Any

from flask import Response, make_response, render_template, request

# Tokens of forms differ each time they are drawn; an older one serves as well.
_TOKENS = re.compile(r'(name="(?:csrf_token|press)"[^>]*? value=")[^"]*')


def fragment(template: str, **values: Any) -> Response:
    """Render a fragment with an ETag, or answer 304 when the reader has it already."""
    html = render_template(template, **values)
    response = make_response(html)
    response.headers["Cache-Control"] = "no-cache, private"
    response.set_etag(hashlib.sha256(_TOKENS.sub(r"\1", html).encode()).hexdigest()[:24])
    response.make_conditional(request)
    return response
