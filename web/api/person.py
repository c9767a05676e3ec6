"""Who is meant in a request: what may be wrong with them, and the phone that a token shows to be theirs."""

from collections.abc import Mapping
from typing import Any

from people import phone_token
from people.identity import (
    IdentityBirthImpossible,
    IdentityChecksumWrong,
    IdentityKindUnknown,
    IdentityMalformed,
)
from people.names import NameImpossible, NameMissing
from web import edge

#: For `refuses`: a document that somebody typed, and one with a name.
DOCUMENT_REFUSED = (
    IdentityKindUnknown,
    IdentityMalformed,
    IdentityChecksumWrong,
    IdentityBirthImpossible,
)
PERSON_REFUSED = (NameMissing, NameImpossible, *DOCUMENT_REFUSED)


def phone_of(body: Mapping[str, Any]) -> str:
    """The phone of `phone_token`; raises PhoneNotVerified, also where there is none."""
    return phone_token.open(body.get("phone_token", ""), now=edge.now())
