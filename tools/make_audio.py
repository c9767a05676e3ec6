"""Make the chime of the call screens: two soft bell tones, the same bytes on every machine.

    python tools/make_audio.py

Writes ``web/static/audio/chime.wav`` (mono, 16 kHz, 8 bit, below 40 KB). It is our own, so it is committed;
rounding to 8 bit hides the last-digit differences between mathematical libraries.
"""

from __future__ import annotations

import math
import wave
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "web" / "static" / "audio" / "chime.wav"
RATE = 16_000
SECONDS = 1.6

# (start in seconds, frequency in Hz): a falling third (E5, C5), as halls and stations use it.
TONES = ((0.0, 659.26), (0.45, 523.25))
# (multiple of the frequency, share of loudness): a little overtone makes it carry over voices.
PARTIALS = ((1.0, 0.8), (2.0, 0.15), (3.0, 0.05))
ATTACK_SECONDS = 0.008
DECAY_PER_SECOND = 4.0
LOUDNESS = 0.6


def compute_sample(seconds: float) -> float:
    """Loudness between -1 and 1 at a moment after the start."""
    total = 0.0
    for start, frequency in TONES:
        age = seconds - start
        if age < 0:
            continue
        envelope = min(1.0, age / ATTACK_SECONDS) * math.exp(-DECAY_PER_SECOND * age)
        total += envelope * sum(
            share * math.sin(2 * math.pi * frequency * multiple * age) for multiple, share in PARTIALS
        )
    # Fade the last tenth of a second, or the end would click.
    return LOUDNESS * total * min(1.0, (SECONDS - seconds) / 0.1)


def render_chime() -> bytes:
    """Samples as unsigned 8 bit."""
    count = int(RATE * SECONDS)
    return bytes(round(128 + 127 * compute_sample(index / RATE)) for index in range(count))


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(TARGET), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        sound.writeframes(render_chime())


if __name__ == "__main__":
    main()
