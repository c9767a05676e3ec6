"""Which installation of this user serves which port, so that commands on the same machine find its files.

Only paths are kept, in a directory that is the user's alone; what the files hold stays where it is.
"""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def remember(port: int, var: Path) -> None:
    """Note that `var` serves `port` from now on. Where that is not possible, nothing is noted."""
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if _is_own(folder):
            (folder / str(port)).write_text(str(var.resolve()), encoding="utf-8")
    except OSError:
        return


def find_var(url: str) -> Path | None:
    """The installation on this machine that served the address last, None for others."""
    parts = urlsplit(url)
    folder = _folder()
    try:
        if parts.hostname not in _HERE or not _is_own(folder):
            return None
        return Path((folder / str(parts.port or 80)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"youhao-ports-{os.geteuid()}"


def _is_own(folder: Path) -> bool:
    """Anybody may make a name under /tmp first; a stranger's directory is not believed."""
    return folder.lstat().st_uid == os.geteuid() and not folder.is_symlink()
