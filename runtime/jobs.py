"""The jobs that RQ runs. Their arguments are ids only; PostgreSQL knows the rest."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from kernel import clock, nudge
from kernel.parts import Parts
from notifications import simulator
from notifications.gateways import console
from notifications.gateways.base import Gateway
from notifications.gateways.choose import make_gateway
from notifications.reconcile import reconcile_due
from notifications.render import Wording
from notifications.sender import Sender
from runtime import deliveries
from runtime.subscriptions import APART, HANDLERS, OF_MANY

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a process can do: make deliveries, send messages, settle doubts."""

    parts: Parts
    gateway: Gateway
    sender: Sender

    def deliver(self, delivery_ids: list[int]) -> None:
        """Make deliveries; a failing one does not stop the others."""
        deliveries.deliver_all(
            self.parts.database, delivery_ids, HANDLERS, now=clock.now(), apart=APART, of_many=OF_MANY
        )

    def send_due(self) -> int:
        """Send what is due."""
        return self.sender.send_due()

    def close(self) -> None:
        """Wait for what is being sent."""
        self.sender.close()

    def reconcile(self) -> int:
        """Look up what is unknown."""
        return reconcile_due(self.parts.database, self.gateway)


def make_work(parts: Parts, gateway: Gateway | None = None) -> Work:
    """Build a process's work; `gateway` replaces the one that the settings name."""
    chosen = gateway or make_gateway(parts.settings, parts.database)
    wording = Wording(parts.settings.sms_signature, parts.settings.base_url)
    return Work(parts, chosen, Sender(parts.database, chosen, wording, on_sent=_show(parts, chosen)))


def _show(parts: Parts, gateway: Gateway) -> Callable[[], object]:
    """Let the SMS simulator's page follow what its gateway took; a real gateway has no such page."""
    if gateway.capabilities.name != console.NAME:
        return lambda: None
    return lambda: nudge.publish(parts.redis, [simulator.TOPIC])


_works: list[Work] = []


def use(work: Work) -> None:
    """Set what this process's jobs work with, once, when the worker starts."""
    _works[:] = [work]


def deliver(delivery_ids: list[int]) -> None:
    """Job: make these deliveries."""
    _do("deliver", lambda: _works[0].deliver(delivery_ids))


def send_due() -> None:
    """Job: begin to send what is due. The next job need not wait for a gateway."""
    _do("send_due", _works[0].sender.begin)


def reconcile() -> None:
    """Job: look up what is unknown."""
    _do("reconcile", _works[0].reconcile)


def _do(name: str, work: Callable[[], object]) -> None:
    """Never fail in RQ's eyes: it would keep the traceback in Redis, and texts of errors may be personal.

    What was not done is still due, and the relay finds it.
    """
    try:
        work()
    except Exception as error:  # noqa: BLE001  # see above
        log.warning("%s: %s", name, type(error).__name__)
