"""Say before the tests whether the browser journeys can run, and how to get a browser when not."""

import shutil
import sys

# The shell has everything of a page and nothing of a window: the same tests take a quarter less time with it.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_IT = "apt-get install chromium-headless-shell fonts-noto-cjk   (or your own package)"


def find_chromium() -> str | None:
    """Path of a browser of the system."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


if __name__ == "__main__" and find_chromium() is None:
    print("No Chromium found: the browser tests will be SKIPPED.")  # noqa: T201
    print(f"Get one with: {HOW_TO_GET_IT}")  # noqa: T201
    sys.exit(1)
