"""Where the local servers live and who runs them: user, data directory, socket directory, binaries.

PostgreSQL refuses to run as root, so a start as root hands the servers to `nobody`. Two directories of
root's may then be closed to the server: the one that holds the data and the one that holds the binaries.
Data is entered before the rights are given away (`ServerHome.argument`), binaries are copied once.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER_PATH_LIMIT = 900  # PostgreSQL cuts paths at 1,024 bytes without a word
SHELVES = (Path("/var/lib/youhao"), Path("/tmp/youhao-servers"))  # noqa: S108 - its owner is verified
WORKING_DIRECTORY = Path("/proc/self/cwd")


class ServerNotStarted(Exception):
    """A local server cannot run; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running local server. `adopted` means it was found alive, left by an earlier run."""

    name: str
    url: str
    socket: Path
    pid: int
    adopted: bool
    process: subprocess.Popen[bytes] | None

    def is_alive(self) -> bool:
        """True while the process runs. Reaps our own dead child, which a restart needs."""
        if self.process is not None:
            return self.process.poll() is None
        return is_running(self.pid)


@dataclass(frozen=True, slots=True)
class ServerUser:
    uid: int
    gid: int
    is_dropped: bool

    @property
    def given_uid(self) -> int | None:
        """What subprocess is told; None keeps our own."""
        return self.uid if self.is_dropped else None

    @property
    def given_gid(self) -> int | None:
        return self.gid if self.is_dropped else None

    @property
    def given_groups(self) -> list[int] | None:
        return [] if self.is_dropped else None


@dataclass(frozen=True, slots=True)
class ServerHome:
    """One server's directories. `argument` is the data directory as the server must be told it."""

    data: Path
    sockets: Path
    log: Path
    user: ServerUser
    argument: str


def server_user() -> ServerUser:
    """Return who runs the servers: ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), is_dropped=False)
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_uid, nobody.pw_gid, is_dropped=True)


def open_home(var: Path, name: str) -> ServerHome:
    """Make the directories of the server `name` under `var` and hand them to its user."""
    user = server_user()
    var = var.resolve()
    logs = var / "log"
    try:
        var.mkdir(parents=True, exist_ok=True)
        logs.mkdir(mode=0o700, exist_ok=True)
        data = private_directory(var / name, user)
        sockets = private_directory(socket_directory(var), user)
    except OSError as problem:
        raise ServerNotStarted(
            f"Cannot use {problem.filename}: {problem.strerror}. Choose another --var."
        ) from problem
    return ServerHome(data, sockets, logs / f"{name}.log", user, _argument(data, user))


def socket_directory(var: Path) -> Path:
    """Return the directory of the sockets of `var`: short, whatever the length of `var` is."""
    digest = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:12]
    return Path(f"/tmp/youhao-{os.geteuid()}-{digest}")  # noqa: S108 - 0700, its owner is verified


def private_directory(path: Path, user: ServerUser) -> Path:
    """Make `path` for `user` alone, or verify that the existing one is just that."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        _refuse_strange_directory(path, user)
        return path
    if user.is_dropped:
        os.chown(path, user.uid, user.gid)
    return path


def _refuse_strange_directory(path: Path, user: ServerUser) -> None:
    # In /tmp anybody may have made this name first; a link or a foreign owner would read our traffic.
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode):
        raise ServerNotStarted(f"{path} must be a directory and is not. Move it away and start again.")
    if facts.st_uid != user.uid and not (user.is_dropped and not any(path.iterdir())):
        owner, wanted = _user_name(facts.st_uid), _user_name(user.uid)
        raise ServerNotStarted(
            f"{path} belongs to {owner}, but the server runs as {wanted}. "
            f"Start as the user who made it, choose another --var, or give it away: chown -R {wanted} {path}"
        )
    if facts.st_uid != user.uid:
        os.chown(path, user.uid, user.gid)
    if facts.st_mode & 0o077:
        path.chmod(0o700)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _argument(data: Path, user: ServerUser) -> str:
    if _can_enter(data, user) and len(os.fsencode(data)) <= SERVER_PATH_LIMIT:
        return str(data)
    # The child is put into the directory while it is still root; this name then leads there without
    # passing through the closed (or overlong) parents.
    if WORKING_DIRECTORY.exists():
        return str(WORKING_DIRECTORY)
    raise ServerNotStarted(
        f"The local servers cannot reach {data} as user {_user_name(user.uid)}. "
        "Choose a shorter --var that every user may enter, for example under /var/lib, "
        "or do not start as root."
    )


def _can_enter(path: Path, user: ServerUser) -> bool:
    if not user.is_dropped:
        return True
    for parent in path.parents:
        facts = parent.stat()
        wanted = stat.S_IXUSR if facts.st_uid == user.uid else stat.S_IXOTH
        if not facts.st_mode & wanted:
            return False
    return True


def reachable_binaries(root: Path, parts: Sequence[str], *, name: str, user: ServerUser) -> Path:
    """Return a directory with `parts` of `root` that `user` can execute.

    That is `root` itself, or a copy of root's when the installation lies in a closed directory
    such as /root. `name` carries the version, so an update makes a new copy.
    """
    if _can_enter(root / "x", user):
        return root
    for shelf in SHELVES:
        try:
            return _copied(root, parts, shelf / name)
        except OSError:
            continue
    raise ServerNotStarted(
        f"The server binaries in {root} cannot be reached by user {_user_name(user.uid)} and "
        "no copy could be made in /var/lib/youhao or /tmp. Install where every user may enter, "
        "or do not start as root."
    )


def _copied(root: Path, parts: Sequence[str], target: Path) -> Path:
    target.parent.mkdir(mode=0o755, exist_ok=True)
    if target.parent.lstat().st_uid != os.geteuid():
        raise ServerNotStarted(f"{target.parent} belongs to somebody else. Remove it and start again.")
    if target.exists():
        return target
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o755)
    for part in parts:
        source = root / part
        if source.is_dir():
            shutil.copytree(source, unfinished / part)
        else:
            (unfinished / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, unfinished / part)
    subprocess.run(["/bin/chmod", "-R", "go+rX", str(unfinished)], check=True)
    try:
        unfinished.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(unfinished)
    return target


def spawn(argv: Sequence[str], home: ServerHome, *, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server as its user, inside its data directory, away from the terminal's Ctrl-C."""
    with home.log.open("ab") as log:
        return subprocess.Popen(
            argv,
            cwd=home.data,
            env={"PATH": os.defpath, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=0o077,
            start_new_session=True,
            user=home.user.given_uid,
            group=home.user.given_gid,
            extra_groups=home.user.given_groups,
        )


def launch(
    argv: Sequence[str],
    home: ServerHome,
    *,
    env: Mapping[str, str],
    is_ready: Callable[[int], bool],
    seconds: float,
) -> subprocess.Popen[bytes]:
    """Start a server and wait until it `is_ready` under its pid.

    Raises:
        ServerNotStarted: it ended, or took longer than `seconds`; it is dead then.
    """
    process = spawn(argv, home, env=env)

    def is_settled() -> bool:
        return process.poll() is not None or is_ready(process.pid)

    if not wait_until(is_settled, seconds=seconds) or process.poll() is not None:
        process.kill()
        process.wait()
        raise ServerNotStarted(
            f"The local server {Path(argv[0]).name} did not start on {home.data}: {last_words(home.log)}"
        )
    return process


def end(server: LocalServer, signs: Sequence[signal.Signals], *, seconds: float) -> None:
    """End a server: each sign is given so many seconds. The last server takes the sockets' folder along."""
    for sign in signs:
        try:
            os.kill(server.pid, sign)
        except ProcessLookupError:
            break
        if wait_until(lambda: not server.is_alive(), seconds=seconds):
            break
    server.is_alive()
    with suppress(OSError):  # the other server still uses it
        server.socket.parent.rmdir()


@contextmanager
def alone(home: ServerHome) -> Iterator[None]:
    """Let one starter at a time work on this data directory."""
    with home.log.with_suffix(".starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_running(pid: int) -> bool:
    """True while a process with this id exists; a zombie counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return not WORKING_DIRECTORY.exists()


def works_in(pid: int, data: Path) -> bool:
    """True when the process runs inside `data`: a pid may have been given to a stranger meanwhile."""
    if WORKING_DIRECTORY.exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except OSError:
            return False
    command = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in command.stdout or "valkey" in command.stdout


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Ask every 10 ms until `condition` holds; False when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def last_words(log: Path, *, since: int = 0) -> str:
    """Return the end of a log, to say why its writer did not start; of what stands behind `since` bytes."""
    try:
        text = log.read_bytes()[since:].decode(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(said[-3:]) or "(its log says nothing)"
