"""PURE: the numbers of the rule that depend on how many counters a line has, where the hall says none.

| counters of the line | η of the promised time | a booked person is due before the slot |
| --- | --- | --- |
| fewer than 5 | 0.75 | not at all |
| 5 to 19 | 0.80 | 3 minutes |
| 20 and more | 0.80 | 2 minutes |

The fewer counters, the more one long case counts, so promises need more room. A lead helps where the people
of a half-hour are many and due in one minute; in a small line it would only take time from walk-ins. Chosen
and measured with the twin (docs/queue-science.md).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from queueing.policy import QueuePolicy

#: From so many counters on: (η, lead). The last that fits counts.
_SIZES = (
    (0.0, 0.75, timedelta(0)),
    (5.0, 0.80, timedelta(minutes=3)),
    (20.0, 0.80, timedelta(minutes=2)),
)
_EFFICIENCY, _LEAD = "promise_efficiency", "booked_lead_seconds"
#: Stored names of what follows from the size of a line unless the hall says it.
SIZED = frozenset({_EFFICIENCY, _LEAD})


def sized(policy: QueuePolicy, said: Collection[str], counters: float) -> QueuePolicy:
    """Return the rule of a line with so many counters at most at once; what the hall `said` stays.

    `said` are the stored names of the hall's own numbers (queueing.policy.stored_name).
    """
    _, efficiency, lead = next(size for size in reversed(_SIZES) if counters >= size[0])
    if _EFFICIENCY in said:
        efficiency = policy.promise_efficiency
    if _LEAD in said:
        lead = policy.booked_lead
    if (efficiency, lead) == (policy.promise_efficiency, policy.booked_lead):
        return policy
    return replace(policy, promise_efficiency=efficiency, booked_lead=lead)
