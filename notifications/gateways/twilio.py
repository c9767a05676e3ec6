"""Twilio, through its official client.

Twilio has no idempotency key for messages, so a lost answer is settled by its callback, whose address
carries our reference, or else by listing what was sent to the number.
"""

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from notifications.gateways.base import (
    Absent,
    Accepted,
    CannotTell,
    Capabilities,
    Found,
    Incoming,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Reply,
    RetryLater,
    Sighting,
    Sought,
    Unknown,
)

NAME = "twilio"
RECEIPT_PATH = "/hooks/twilio/receipt"
REPLY_PATH = "/hooks/twilio/reply"

TIMEOUT = 10.0
_CONNECTIONS = 32
_LISTED = 50
_LONGEST_VALIDITY = 36_000  # seconds, the most that Twilio takes

# Error codes by what to do about them; sources in docs/messages.md.
BAD_NUMBER = frozenset({21211, 21610, 21614, 30005, 30006})
OPERATOR = frozenset({20003, 21408, 21606, 21612, 21617, 30002, 30004, 30007})
TRY_LATER = frozenset({30001, 30003, 30008})
_TOO_MANY = 429
_TOO_MANY_CODE = 20429
_SERVER_FAULT = 500


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """Speaks to `base_url` instead of Twilio's own address where one is set; never tries twice.

    Nothing is logged: requests hold phones and texts.
    """

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base_url) if base_url else None
        for prefix in ("http://", "https://"):
            self.session.mount(prefix, HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=0))

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        """Send one request."""
        if self._base is not None:
            url = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc).geturl()
        return super().request(method, url, *args, **options)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing."""


class TwilioGateway:
    """`callback_base` is the public address under which Twilio reaches our hooks."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        callback_base: str,
        base_url: str = "",
        timeout: float = TIMEOUT,
    ) -> None:
        logging.getLogger("twilio.http_client").setLevel(logging.CRITICAL)
        self._client = Client(account_sid, auth_token, http_client=_Http(base_url, timeout))
        self._validator = RequestValidator(auth_token)
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}
        self._callback_base = callback_base.rstrip("/")
        # The client's time-out counts for connecting and for reading; a listing may lag behind a send.
        self.capabilities = Capabilities(NAME, timeout=2 * timeout, settles_within=20.0, can_look_up=True)

    def send(self, message: Outgoing) -> Outcome:
        """Hand one message over."""
        options: dict[str, Any] = {"validity_period": _validity(message.valid_for), **self._sender}
        callback = f"{self._callback_base}{RECEIPT_PATH}?{urlencode({'ref': message.reference})}"
        try:
            made = self._client.messages.create(
                to=message.phone, body=message.text, status_callback=callback, **options
            )
        except TwilioRestException as error:
            return _refusal(error)
        except requests.RequestException as error:
            return RetryLater("no_connection") if _never_left(error) else Unknown(type(error).__name__)
        except (TwilioException, ValueError) as error:  # an answer that is none: it may have been sent
            return Unknown(type(error).__name__)
        return Accepted(str(made.sid)) if made.sid else Unknown("no_sid")

    def lookup(self, sought: Sought) -> Sighting:
        """Among the newest messages to this number, by text and time."""
        try:
            listed = self._client.messages.list(to=sought.phone, limit=_LISTED, page_size=_LISTED)
        except (TwilioException, requests.RequestException, ValueError) as error:
            return CannotTell(type(error).__name__)
        since = sought.since - timedelta(minutes=1)  # Twilio's clock is not ours, and counts seconds
        new = [each for each in listed if each.date_created is None or each.date_created >= since]
        same = tuple(str(each.sid) for each in new if sought.matches(str(each.body)))
        if same:
            return Found(same)
        return CannotTell("too_many") if len(new) == _LISTED else Absent()

    def is_genuine(self, incoming: Incoming) -> bool:
        """Whether the signature fits our public address, the path and every parameter."""
        headers = {name.lower(): value for name, value in incoming.headers.items()}
        url = self._callback_base + incoming.path
        signature = headers.get("x-twilio-signature", "")
        return bool(self._validator.validate(url, dict(incoming.form), signature))

    def parse_receipts(self, incoming: Incoming) -> list[Receipt]:
        """One receipt per request; the reference comes back in the address that we gave."""
        sid, status = incoming.form.get("MessageSid"), incoming.form.get("MessageStatus")
        if not sid or not status:
            return []
        reference = parse_qs(urlsplit(incoming.path).query).get("ref", [None])[0]
        return [Receipt(sid, status, reference, incoming.form.get("ErrorCode"))]

    def parse_replies(self, incoming: Incoming) -> list[Reply]:
        """One reply per request."""
        form = incoming.form
        if "MessageStatus" in form or not form.get("MessageSid") or not form.get("From"):
            return []
        return [Reply(form["MessageSid"], form["From"], form.get("Body", ""))]


def _validity(valid_for: timedelta | None) -> int:
    seconds = _LONGEST_VALIDITY if valid_for is None else int(valid_for.total_seconds())
    return max(1, min(seconds, _LONGEST_VALIDITY))


def _refusal(error: TwilioRestException) -> Outcome:
    """What an error answer means. A fault of the server proves nothing: it may have sent the message."""
    name = str(error.code or error.status)
    if error.status == _TOO_MANY or error.code == _TOO_MANY_CODE:
        return RetryLater(name)
    if error.status >= _SERVER_FAULT:
        return Unknown(name)
    if error.code in TRY_LATER:
        return RetryLater(name, timedelta(minutes=5))
    return Rejected(name, number_is_bad=error.code in BAD_NUMBER)


def _never_left(error: requests.RequestException) -> bool:
    """Whether the connection was never made: refused, no such host, or no answer to the connect."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
