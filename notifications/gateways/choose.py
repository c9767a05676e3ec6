"""The gateway that the settings name."""

from kernel.db import Database
from kernel.settings import Settings
from notifications.gateways.base import Gateway
from notifications.gateways.console import ConsoleGateway


def make_gateway(settings: Settings, database: Database) -> Gateway:
    """Build the gateway; `database` is where the console gateway keeps what it accepted."""
    if settings.sms_gateway == "twilio":
        # The SDK takes a second to load; who does not send by Twilio does not wait for it.
        from notifications.gateways.twilio import TwilioGateway  # noqa: PLC0415

        return TwilioGateway(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token,
            sender=settings.twilio_from,
            callback_base=settings.sms_callback_url or settings.base_url,
            base_url=settings.twilio_base_url,
        )
    return ConsoleGateway(database, delay=settings.console_delay_ms / 1000)
