"""Make the words of the spoken calls: short sound files, one a word, from espeak-ng inside a wheel.

    python tools/make_clips.py                # wants: pip install espeakng-loader
    python tools/make_clips.py --list         # the names, for a hall that records its own

Writes ``web/static/audio/generated/*.wav`` (mono, 16 bit, 22.05 kHz; git-ignored). The build hook runs it, so
an installed program needs neither espeak-ng nor a network. The voice for Chinese characters reads many
of them as English; the one for pinyin does not, so the words are given in pinyin with tones.
"""

from __future__ import annotations

import argparse
import array
import ctypes
import importlib.util
import string
import sys
import wave
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "web" / "static" / "audio" / "generated"
MANDARIN, ENGLISH = "cmn-latn-pinyin", "en-us"
WORDS_A_MINUTE = 150
_SYNCHRONOUS, _CHARS_UTF8, _RATE_PARAMETER = 2, 1, 1
_SILENCE = 250  # of 32,767: what is quieter at both ends is cut, or the words would limp
_QUIET_SECONDS = 0.03

_DIGITS = ("ling2", "yi1", "er4", "san1", "si4", "wu3", "liu4", "qi1", "ba1", "jiu3")
# Where people are sent besides counters, as web/display/spoken.py names it.
_AFTER_NUMBER = {
    "room": "hao4 shi4",
    "area": "hao4 qu1",
    "desk": "hao4 tai2",
    "hall": "hao4 ting1",
    "case": "hao4 gui4",
    "machine": "hao4 ji1",
    "photo-point": "hao4 zhao4 xiang4 dian3",
}
_NAMED = {
    "photo-room": "zhao4 xiang4 shi4",
    "capture-room": "cai3 ji2 shi4",
    "pay-desk": "jiao3 fei4 tai2",
    "pay-window": "jiao3 fei4 chuang1 kou3",
    "pay-machine": "jiao3 fei4 ji1",
    "collect-window": "qu3 zheng4 chuang1 kou3",
    "collect-case": "qu3 zheng4 gui4",
    "self-area": "zi4 zhu4 qu1",
    "self-machine": "zi4 zhu4 ji1",
    "help-desk": "zi1 xun2 tai2",
    "reception-room": "jie1 dai4 shi4",
    "mediation-room": "tiao2 jie3 shi4",
    "health-room": "ti3 jian3 shi4",
}
_ENGLISH_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class SpeakerMissing(RuntimeError):
    """There is no espeak-ng to speak with."""


def words() -> dict[str, tuple[str, str]]:
    """Every clip by its name: the voice and what it says."""
    said = {
        "zh-please": (MANDARIN, "qing3"),
        "zh-number": (MANDARIN, "hao4"),
        "zh-to": (MANDARIN, "dao4"),
        "zh-ten": (MANDARIN, "shi2"),
        "zh-window": (MANDARIN, "hao4 chuang1 kou3"),
        "zh-look": (MANDARIN, "kan4 ping2 mu4"),
        "en-look": (ENGLISH, "please see the screen"),
        "en-room": (ENGLISH, "please go to room"),
        "en-number": (ENGLISH, "number"),
        "en-to": (ENGLISH, "please go to counter"),
    }
    said |= {f"zh-{at}": (MANDARIN, sound) for at, sound in enumerate(_DIGITS)}
    said |= {f"zh-{name}": (MANDARIN, sound) for name, sound in (_AFTER_NUMBER | _NAMED).items()}
    said |= {f"en-{at}": (ENGLISH, word) for at, word in enumerate(_ENGLISH_DIGITS)}
    # Halls call letters by their English names, in both languages.
    said |= {
        f"{lang}-{letter}": (ENGLISH, letter) for lang in ("zh", "en") for letter in string.ascii_uppercase
    }
    return said


class Speaker:
    """espeak-ng by its C interface: text in, samples out."""

    def __init__(self) -> None:
        if importlib.util.find_spec("espeakng_loader") is None:
            raise SpeakerMissing("pip install espeakng-loader")
        import espeakng_loader  # noqa: PLC0415 - only the build has it

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0))
        if self.rate <= 0:
            raise SpeakerMissing("espeak-ng does not start")
        self._samples = bytearray()
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        self._hear = kind(self._take)  # kept: C calls it
        self._library.espeak_SetSynthCallback(self._hear)

    def _take(self, samples: int | None, count: int, _events: Any) -> int:
        if samples and count:
            self._samples.extend(ctypes.string_at(samples, count * 2))
        return 0

    def say(self, voice: str, text: str) -> array.array[int]:
        """The samples of a word, without the silence around it."""
        self._samples.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SpeakerMissing(f"espeak-ng has no voice {voice}")
        self._library.espeak_SetParameter(_RATE_PARAMETER, WORDS_A_MINUTE, 0)
        said = text.encode()
        self._library.espeak_Synth(said, len(said) + 1, 0, 1, 0, _CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        return trim(array.array("h", bytes(self._samples)), quiet=int(self.rate * _QUIET_SECONDS))


def trim(samples: array.array[int], *, quiet: int) -> array.array[int]:
    """Cut the silence at both ends but for `quiet` samples."""
    loud = [at for at, sample in enumerate(samples) if abs(sample) > _SILENCE]
    if not loud:
        return samples
    return samples[max(loud[0] - quiet, 0) : loud[-1] + quiet]


def make_clips(target: Path = TARGET) -> int:
    """Write the clips that are missing; returns how many.

    Raises:
        SpeakerMissing: nothing was written; screens then chime and flash.
    """
    missing = {name: said for name, said in words().items() if not (target / f"{name}.wav").is_file()}
    if not missing:
        return 0
    speaker = Speaker()
    target.mkdir(parents=True, exist_ok=True)
    for name, (voice, text) in missing.items():
        fresh = target / f".{name}.part"
        with wave.open(str(fresh), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(speaker.rate)
            file.writeframes(speaker.say(voice, text).tobytes())
        fresh.replace(target / f"{name}.wav")
    return len(missing)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the words of the spoken calls.")
    parser.add_argument("--list", action="store_true", help="only print name and text of each clip")
    if parser.parse_args().list:
        for name, (_voice, text) in words().items():
            print(f"{name}\t{text}")  # noqa: T201 - a command line tool speaks
        return 0
    try:
        made = make_clips()
    except SpeakerMissing as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a command line tool speaks
        return 1
    print(f"clips made: {made}")  # noqa: T201 - a command line tool speaks
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
