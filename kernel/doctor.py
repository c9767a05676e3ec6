"""What `youhao doctor --deep` finds: broken promises of the data, one value each.

Every package that keeps a promise has a `doctor.py` with `check(session) -> list[Violation]`;
`runtime.doctor` asks them all. A check only reads, and names rows by id: it holds no personal data.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """`rule` is a stable code such as `number_held_twice`, `subject` names the row, `detail` says more."""

    rule: str
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{self.rule}: {self.subject}" + (f" ({self.detail})" if self.detail else "")
