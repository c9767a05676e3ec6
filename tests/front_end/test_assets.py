"""The build hook: fetches only when it must, says what to do when it cannot."""

import importlib.util
import json
import sys
import wave
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


build_assets = load("build_assets")
make_audio = load("make_audio")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in build_assets.NPM_FILES:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def unpack(work: Path) -> None:
    for source in build_assets.WHITELIST:
        target = work / "node_modules" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, encoding="utf-8")


def test_fetches_once_and_again_only_when_the_lock_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []

    def npm(arguments: list[str], *, cwd: Path) -> None:
        runs.append(arguments)
        unpack(cwd)

    monkeypatch.setattr(build_assets, "run_npm", npm)
    assert build_assets.fetch_vendor(project)
    assert not build_assets.fetch_vendor(project)
    (project / "package-lock.json").write_text("{}", encoding="utf-8")
    assert build_assets.fetch_vendor(project)
    vendor = project / "web" / "static" / "vendor"
    (vendor / "weui.min.css").unlink()
    assert build_assets.fetch_vendor(project)
    assert len(runs) == 3
    assert sorted(path.name for path in vendor.parent.iterdir()) == ["vendor"]


def test_an_unreachable_registry_is_explained() -> None:
    said = build_assets.explain("npm error code EAI_AGAIN\nnpm error errno EAI_AGAIN")
    assert "cannot be reached" in said
    assert "pip wheel" in said


def test_a_failed_fetch_leaves_the_old_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = project / "web" / "static" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "weui.min.css").write_text("old", encoding="utf-8")

    def npm(arguments: list[str], *, cwd: Path) -> None:
        raise build_assets.AssetsUnavailable("no line")

    monkeypatch.setattr(build_assets, "run_npm", npm)
    with pytest.raises(build_assets.AssetsUnavailable):
        build_assets.fetch_vendor(project)
    assert (vendor / "weui.min.css").read_text(encoding="utf-8") == "old"


def test_the_lock_has_hashes_and_names_no_host() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = [entry for name, entry in json.loads(text)["packages"].items() if name]
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages)
    assert "resolved" not in text
    assert "http" not in text


def test_compiles_catalogues_and_leaves_fuzzy_entries_out(tmp_path: Path) -> None:
    folder = tmp_path / "web" / "translations" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    entries = 'msgid "下一位"\nmsgstr "Next"\n\n#, fuzzy\nmsgid "暂停"\nmsgstr "Guess"\n'
    (folder / "messages.po").write_text(header + entries, encoding="utf-8")
    assert build_assets.compile_translations(tmp_path) == [folder / "messages.mo"]
    assert build_assets.compile_translations(tmp_path) == []
    compiled = (folder / "messages.mo").read_bytes()
    assert b"Next" in compiled
    assert b"Guess" not in compiled


def test_the_chime_is_the_one_the_script_makes() -> None:
    chime = ROOT / "web" / "static" / "audio" / "chime.wav"
    assert chime.stat().st_size <= 40 * 1024
    with wave.open(str(chime), "rb") as sound:
        assert sound.readframes(sound.getnframes()) == make_audio.render_chime()
