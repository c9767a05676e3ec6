"""PURE: when a hold needs a proof of work, and the proof itself.

Only three things ask for one: the numbers of that very date were released a few minutes ago, holds storm in
on the line, or many of its holds run that came without a cookie of ours, as no browser's do. At any other
time nobody meets it. A hall turns each off with 0.

The puzzle is SHA-256 of `challenge:answer` with so many leading zero bits: half a second for an old phone,
and as long for each of a robot's thousand tries.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from booking.ladder import Release
from booking.policy import BookingPolicy

BITS = 15
#: Holds of a line are counted in windows of so many seconds, and a storm lasts at least so many.
WINDOW_SECONDS, STORM_SECONDS = 5, 60
_LONGEST_ANSWER = 12


def holds_before_a_storm(policy: BookingPolicy) -> int | None:
    """How many holds of a line a window may see; None where the hall never looks."""
    return policy.proof_at_holds_per_second * WINDOW_SECONDS or None


def nameless_holds(policy: BookingPolicy) -> tuple[int, int] | None:
    """How many holds of a line may come without a cookie, and within so many seconds; None: any number."""
    most = policy.proof_at_nameless_holds
    return (most, int(policy.hold.total_seconds())) if most else None


def needs_proof(releases: Sequence[Release], *, storm: bool, now: datetime, policy: BookingPolicy) -> bool:
    """Whether a hold now needs a proof; `releases` are those of the date that is wanted."""
    if storm and policy.proof_at_holds_per_second:
        return True
    return any(
        each.share and each.release_at <= now < each.release_at + policy.proof_after_release
        for each in releases
    )


def is_solved(challenge: str, answer: str, *, bits: int = BITS) -> bool:
    """Whether the answer fits; answers are decimal numbers."""
    if not answer.isascii() or not answer.isdecimal() or len(answer) > _LONGEST_ANSWER:
        return False
    digest = int.from_bytes(sha256(f"{challenge}:{answer}".encode()).digest())
    return digest >> (256 - bits) == 0


def solve(challenge: str, *, bits: int = BITS) -> str:
    """The smallest answer, as a phone finds it: for programs of ours that book, and for tests."""
    answer = 0
    while not is_solved(challenge, str(answer), bits=bits):
        answer += 1
    return str(answer)
