"""How much a benchmark does: in full, quickly, or just enough to see that it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`judged`: large enough to say whether a goal is met."""

    judged: bool
    runs: int
    seconds: float  # of one measurement
    warm_up: float
    clients: int
    past_numbers: int
    citizens: int  # of the rush
    numbers: int  # that they want
    connections: int
    clerks: int
    waiting: int
    presses: int
    listeners: int
    pushes: int
    twin_days: int
    closed_numbers: int  # of the day that is closed


FULL = Scale(
    judged=True, runs=5, seconds=4.0, warm_up=1.0, clients=16, past_numbers=10_000_000, citizens=5_000,
    numbers=500, connections=200, clerks=50, waiting=500, presses=100, listeners=1_000, pushes=15,
    twin_days=250, closed_numbers=2_000,
)  # fmt: skip
QUICK = Scale(
    judged=False, runs=3, seconds=1.5, warm_up=0.5, clients=16, past_numbers=500_000, citizens=1_000,
    numbers=100, connections=100, clerks=20, waiting=100, presses=100, listeners=300, pushes=5, twin_days=20,
    closed_numbers=800,
)  # fmt: skip
TINY = Scale(
    judged=False, runs=1, seconds=0.2, warm_up=0.0, clients=2, past_numbers=2_000, citizens=20,
    numbers=5, connections=10, clerks=4, waiting=12, presses=12, listeners=5, pushes=2, twin_days=1,
    closed_numbers=400,
)  # fmt: skip
