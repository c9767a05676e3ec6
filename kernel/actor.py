"""Who does something: handed to every use case, written to the audit."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is citizen, staff, device or system; `id` the row of that kind.

    `permissions` are names such as `ticket.call`; `hall_ids` limits them to halls (None: all halls).
    """

    kind: str
    id: int | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)
    hall_ids: frozenset[int] | None = None

    @property
    def everywhere(self) -> bool:
        """Whether no hall limits this actor."""
        return self.hall_ids is None

    def may(self, permission: str, hall_id: int | None = None) -> bool:
        """Whether this actor holds `permission`, and for that hall where one is named."""
        if permission not in self.permissions:
            return False
        return hall_id is None or self.hall_ids is None or hall_id in self.hall_ids


SYSTEM = Actor("system")
ANONYMOUS = Actor("citizen")
