import array
import wave

import pytest

from tools import make_clips
from tools.make_clips import TARGET, trim, words
from tools.make_clips import make_clips as make


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Fresh clips where espeak-ng is, else those of the build."""
    fresh = tmp_path_factory.mktemp("clips")
    try:
        make(fresh)
    except make_clips.SpeakerMissing:
        if not (TARGET / "zh-please.wav").is_file():
            pytest.skip("neither espeakng-loader nor clips of a build: pip install -e .")
        return TARGET
    return fresh


def test_every_word_is_a_short_sound(folder):
    for name in words():
        with wave.open(str(folder / f"{name}.wav")) as file:
            seconds = file.getnframes() / file.getframerate()
            samples = array.array("h", file.readframes(file.getnframes()))
        assert 0.08 < seconds < 2.0, name
        assert max(map(abs, samples)) > 3000, name


def samples_of(folder, name):
    with wave.open(str(folder / f"{name}.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22_050), name
        return array.array("h", file.readframes(file.getnframes()))


def test_no_word_is_clipped_or_begins_or_ends_with_silence(folder):
    for name in words():
        samples = samples_of(folder, name)
        loud = [at for at, sample in enumerate(samples) if abs(sample) > 250]
        assert loud[0] < 0.05 * 22_050, name
        assert len(samples) - loud[-1] < 0.05 * 22_050, name
        # A clipped wave stays at the end of the scale for some samples.
        flat = "".join("x" if abs(sample) >= 32_760 else " " for sample in samples)
        assert "xxx" not in flat, name


def test_a_whole_call_is_said_in_a_few_seconds(folder):
    call = ("please", "A", "0", "1", "2", "number", "to", "3", "window")  # 请 A 0 1 2 号 到 3 号窗口
    seconds = [len(samples_of(folder, f"zh-{each}")) / 22_050 for each in call]
    assert 2.5 < sum(seconds) < 6


def test_there_is_a_word_for_everything_on_a_ticket():
    names = set(words())
    for language in ("zh", "en"):
        assert {f"{language}-{each}" for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"} <= names


def test_silence_is_cut_at_both_ends():
    assert list(trim(array.array("h", [0] * 9 + [9000, -9000] + [0] * 9), quiet=2)) == [0, 0, 9000, -9000, 0]


def test_screens_get_what_the_build_made(faces):
    if not (TARGET / "zh-3.wav").is_file():
        pytest.skip("no clips of a build: pip install -e .")
    answer = faces.app.test_client().get("/screen-clips/zh-3.wav")
    assert answer.data[:4] == b"RIFF"
    answer.close()


def test_a_hall_may_bring_recordings(faces):
    client = faces.app.test_client()
    own = faces.parts.settings.var / "clips"
    own.mkdir()
    (own / "zh-test.wav").write_bytes(b"RIFF own")
    answer = client.get("/screen-clips/zh-test.wav")
    assert answer.data == b"RIFF own"
    answer.close()
    assert client.get("/screen-clips/zh-nothing.wav").status_code == 404
    assert client.get("/screen-clips/..%2Fclock.wav").status_code == 404
