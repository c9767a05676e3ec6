"""The web application: one factory, every face a blueprint."""

from importlib import import_module

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from kernel.ids import new_token
from kernel.parts import Parts
from web import assets, edge, health, languages, limits, live_link, pictures, problems, security, signin
from web.bare import Application
from web.ready import ReadyAnswers

# Each package has `register(app)`; the simulator refuses to be there in production.
FACES = (
    "citizen",
    "pairing",
    "kiosk",
    "console",
    "display",
    "cockpit",
    "duty",
    "after",
    "desk",
    "admin",
    "simulator",
    "api",
    "hooks",
)

csrf = CSRFProtect()


def create_app(parts: Parts) -> Flask:
    """Build the application over what the process works with."""
    app = Application("web", static_folder=None)
    app.extensions["youhao"] = parts
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    security.register(app, parts.settings)
    csrf.init_app(app)
    languages.register(app)
    limits.register(app, parts.settings)
    problems.register(app)
    signin.register(app)
    app.register_blueprint(health.blueprint)
    for face in FACES:
        import_module(f"web.{face}").register(app)
    assets.register(app)
    pictures.register(app)
    app.jinja_env.globals.update(
        press_id=new_token,
        stream_url=lambda *topics: live_link.stream_url(parts.settings, *topics),
        base_url=parts.settings.base_url,
        demo=parts.settings.demo,
        now=edge.now,
    )
    if parts.settings.proxy_hops:
        hops = parts.settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.wsgi_app = ReadyAnswers(app)  # type: ignore[method-assign]  # as Flask means it
    return app
