"""What a WSGI server loads: `gunicorn wsgi:app`."""

import gc

from kernel.settings import load
from runtime.build import build
from web.app import create_app

app = create_app(build(load()))

# What is here now stays for the life of the process: no collection need look through it again.
gc.collect()
gc.freeze()
