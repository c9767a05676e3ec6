"""Staff sign in with a name and a password; roles decide what they see."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, make_response, redirect, render_template, request, url_for
from flask import session as cookie_session
from flask_babel import lazy_gettext as _
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy.orm import Session

from kernel import audit, clock
from kernel.actor import ANONYMOUS, Actor
from people.models import Staff
from people.staff import (
    SignIn,
    SignInLocked,
    SignInWrong,
    actor_of,
    check_password,
    end_sessions,
    raise_unless_signed_in,
)
from web import edge, problems
from web.admin.topics import shown_to
from web.guards import public, staff_only
from web.limits import limit_tries
from web.paths import safe_next

blueprint = Blueprint("signin", __name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What Flask-Login keeps in hand during a request."""

    id: int
    name: str
    roles: tuple[str, ...]
    hall_ids: tuple[int, ...] | None
    actor: Actor
    epoch: int
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Id and epoch: raising the epoch ends all sessions of that person."""
        return f"{self.id}.{self.epoch}"


def signed_in(staff: Staff) -> SignedIn:
    """The signed-in form of a staff row."""
    halls = tuple(staff.hall_ids) if staff.hall_ids is not None else None
    return SignedIn(staff.id, staff.name, tuple(staff.roles), halls, actor_of(staff), staff.session_epoch)


def _load(token: str) -> SignedIn | None:
    staff_id, _dot, epoch = token.partition(".")
    with edge.transaction() as session:
        staff = session.get(Staff, int(staff_id)) if staff_id.isdecimal() else None
        if staff is None or not staff.active or str(staff.session_epoch) != epoch:
            return None
        return signed_in(staff)


def authenticate(username: str, password: str) -> Staff:
    """The staff member, when name and password are right; the failure count is committed either way."""
    with edge.transaction() as session:
        outcome = check_password(session, username, password, real_now=clock.real_now())
        _record(session, outcome)
    return raise_unless_signed_in(outcome)


def _record(session: Session, outcome: SignIn) -> None:
    """What happened at a known account's door; names that nobody has are not kept."""
    if outcome.known_id is None:
        return
    failed = "staff.sign_in_locked" if outcome.wait_seconds else "staff.sign_in_failed"
    action = "staff.signed_in" if outcome.staff else failed
    who = actor_of(outcome.staff) if outcome.staff else ANONYMOUS
    audit.record(session, action, actor=who, now=edge.now(), subject=("staff", outcome.known_id))


def record_sign_out(session: Session) -> None:
    """Audit that whoever asks has left."""
    who = edge.actor()
    audit.record(session, "staff.signed_out", actor=who, now=edge.now(), subject=(who.kind, who.id))


@blueprint.get("/sign-in")
@public
def form() -> Any:
    """The form, or straight on for whoever is signed in already."""
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next"), url_for("signin.home")))
    return render_template("staff/sign_in.html", next=request.args.get("next", ""), error="")


@blueprint.post("/sign-in")
@public
@limit_tries("20/minute", flood="120/minute")
def submit() -> Any:
    """Check and go on."""
    target = request.form.get("next")
    try:
        staff = authenticate(request.form.get("username", "")[:40], request.form.get("password", "")[:200])
    except (SignInWrong, SignInLocked) as error:
        page = render_template("staff/sign_in.html", next=target, error=error.sentence(edge.language()))
        return problems.with_wait(make_response(page, problems.status_of(error)), error)
    cookie_session.clear()
    login_user(signed_in(staff))
    return redirect(safe_next(target, url_for("signin.home")))


@blueprint.post("/sign-out")
@staff_only("")
def leave() -> Any:
    """End the session: all of this person's, since a cookie that was copied must not outlive the sign-out."""
    with edge.transaction() as session:
        end_sessions(session, current_user.id)
        record_sign_out(session)
    logout_user()
    cookie_session.clear()
    return redirect(url_for("signin.form"))


# (permission, endpoint, words): the first that a person may open is their home. No permission: whoever may
# open one of its pages, as a duty officer may the closing of a hall in an emergency.
FACES = (
    ("counter.work", "console.home", _("窗口工作台")),
    ("request.decide", "duty.home", _("值班")),
    ("task.work", "after.home", _("出件和补件")),
    ("case.work", "desk.home", _("差评回访")),
    ("cockpit.view", "cockpit.home", _("数据驾驶舱")),
    ("", "admin.home", _("管理")),
    ("simulator.use", "simulator.home", _("短信模拟器")),
)


def _faces_of(who: SignedIn) -> list[tuple[str, str]]:
    known = current_app.view_functions
    return [(point, label) for need, point, label in FACES if point in known and _may_open(who.actor, need)]


def _may_open(actor: Actor, need: str) -> bool:
    return actor.may(need) if need else bool(shown_to(actor))


@blueprint.get("/staff")
@staff_only("")
def home() -> Any:
    """Send each person to the page they work with."""
    faces = _faces_of(current_user)
    # Papers and results lie beside an officer's work; they are the home of who has nothing else.
    homes = [face for face in faces if face[0] != "after.home"] or faces
    if len(homes) == 1:
        return redirect(url_for(homes[0][0]))
    entries = [(url_for(point), str(label)) for point, label in faces]
    return render_template("staff/home.html", faces=entries, roles=current_user.roles)


def _current(point: str) -> str:
    """`aria-current` of the way to a page: it is this page, or the face to which this page belongs."""
    if request.endpoint == point:
        return "page"
    return "true" if request.blueprint == point.partition(".")[0] else ""


def _context() -> dict[str, Any]:
    if not current_user or not current_user.is_authenticated:
        return {"staff_name": "", "staff_nav": []}
    nav = [
        {"url": url_for(point), "label": str(label), "current": _current(point)}
        for point, label in _faces_of(current_user)
    ]
    return {
        "staff_name": current_user.name,
        "staff_nav": nav,
        "staff_home": url_for("signin.home"),
        "sign_out_url": url_for("signin.leave"),
    }


def register(app: Flask) -> None:
    """Flask-Login, the pages, and the names that staff pages show."""
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(_load)
    app.register_blueprint(blueprint)
    app.context_processor(_context)
