"""Staff sign in for a bearer token."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from halls.queries import get_hall_by_id
from kernel import clock
from kernel.actor import Actor
from kernel.errors import TooMany
from people import api_tokens
from people.staff import SignInLocked, SignInWrong, actor_of
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import system as shapes
from web.guards import bearer_only, bearer_token, public
from web.limits import limit_tries
from web.signin import authenticate, record_sign_out

blueprint = Blueprint("sign-in", __name__, description="Tokens of staff. 工作人员登录")


@blueprint.post("/sign-in")
@public
@limit_tries("20/minute", flood="120/minute")
@refuses(SignInWrong, SignInLocked, TooMany)
@blueprint.arguments(shapes.SignInSchema())
@blueprint.response(200, shapes.TokenSchema())
def sign_in(body: Mapping[str, str]) -> dict[str, Any]:
    """Change a name and a password into a bearer token for twelve hours.

    用户名、密码换取访问令牌，12 小时内有效。
    """
    staff = authenticate(body["username"], body["password"])
    real_now = clock.real_now()
    with edge.transaction() as session:
        token = api_tokens.create(session, staff, real_now=real_now)
        halls = _halls(session, actor_of(staff))
    return {
        "token": token,
        "expires_at": real_now + api_tokens.DEFAULT_LIFETIME,
        "name": staff.name,
        "permissions": sorted(actor_of(staff).permissions),
        "halls": halls,
    }


@blueprint.post("/sign-out")
@bearer_only("")
@blueprint.response(204)
def sign_out() -> None:
    """Withdraw the token of this request.

    注销当前令牌。
    """
    with edge.transaction() as session:
        if api_tokens.revoke(session, bearer_token(), real_now=clock.real_now()):
            record_sign_out(session)


def _halls(session: Session, actor: Actor) -> list[str] | None:
    if actor.hall_ids is None:
        return None
    return [get_hall_by_id(session, hall_id).code for hall_id in sorted(actor.hall_ids)]
