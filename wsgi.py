"""What a WSGI server loads: `gunicorn wsgi:app`."""

from kernel.settings import load
from runtime.build import build
from web.app import create_app

app = create_app(build(load()))
