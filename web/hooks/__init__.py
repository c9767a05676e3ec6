"""Webhooks of SMS providers: check the signature, store as it came, answer at once."""

from flask import Blueprint, Flask, Response, request

from kernel import clock
from kernel.errors import Forbidden
from kernel.phone import PhoneMalformed
from notifications import receipts, replies
from notifications.gateways.base import Gateway, Incoming
from notifications.gateways.choose import make_gateway
from web import edge
from web.guards import signed

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
GATEWAY = "youhao.gateway"


class SignatureWrong(Forbidden):
    """The request does not come from the provider."""

    code = "signature_wrong"
    zh = "请求签名不正确。"
    en = "The signature of the request is wrong."


def _gateway() -> Gateway:
    gateway: Gateway = edge.parts_extension(
        GATEWAY, lambda parts: make_gateway(parts.settings, parts.database)
    )
    return gateway


def _incoming(provider: str) -> Incoming:
    """The request in the gateway's terms, once it is known to be genuine."""
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    incoming = Incoming(request.path + query, request.form.to_dict(), dict(request.headers))
    if provider != edge.parts().settings.sms_gateway or not _gateway().is_genuine(incoming):
        raise SignatureWrong
    return incoming


@blueprint.post("/<provider>/receipt")
@signed
def status(provider: str) -> Response:
    """A delivery receipt."""
    found = _gateway().parse_receipts(_incoming(provider))
    with edge.transaction() as session:
        receipts.store(session, provider, found, real_now=clock.real_now())
    return Response(status=204)


@blueprint.post("/<provider>/reply")
@signed
def inbound(provider: str) -> Response:
    """An SMS from a citizen; the answer to it is a message of its own, later."""
    found = _gateway().parse_replies(_incoming(provider))
    with edge.transaction() as session:
        for reply in found:
            try:
                replies.receive(session, provider, reply.provider_id, reply.phone, reply.text, now=edge.now())
            except PhoneMalformed:
                continue  # a short code or a name: nobody we could have written to
    return Response("<Response/>", content_type="text/xml")


def register(app: Flask) -> None:
    """Add the webhooks; they carry signatures instead of form tokens."""
    app.extensions["csrf"].exempt(blueprint)
    app.register_blueprint(blueprint)
