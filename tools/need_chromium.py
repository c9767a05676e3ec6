"""Say before the tests whether the browser journeys can run, and how to get a browser when not."""

import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

if not any(shutil.which(name) for name in NAMES):
    print("No Chromium found: the browser tests will be SKIPPED.")  # noqa: T201
    print("Get one with: apt-get install chromium fonts-noto-cjk   (or your system's package)")  # noqa: T201
    sys.exit(1)
