"""A small queue board in the shape of the Warsaw data, for tests."""

import gzip

HEADER = (
    "name,time,date,status,czasObslugi,lp,idGrupy,liczbaCzynnychStan,nazwaGrupy,literaGrupy,"
    "liczbaKlwKolejce,aktualnyNumer"
)


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def rows(queue, readings, *, office="UD_Test", day="2020-01-15", letter="A", name="Meldunki", starts=480):
    """One line per poll; `readings` are (number called, waiting, windows), five minutes apart."""
    return [
        f'{office},{clock(starts + 5 * at)},{day},,0,,{queue},{windows},"{name}",{letter},{waiting},{called}'
        for at, (called, waiting, windows) in enumerate(readings)
    ]


def busy(calls, *, windows=2, waiting=3, letter="A", first=1):
    """A queue that calls one person a poll, with so many waiting, and then empties."""
    served = [(f"{letter}{first + at:03}", waiting, windows) for at in range(calls)]
    return [("", 2, windows), *served, *[(f"{letter}{first + calls - 1:03}", 0, windows)] * 8]


def write(path, lines):
    text = "\n".join([HEADER, *lines]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path
