"""Settings: the environment becomes one frozen, validated value at start.

Only what differs between machines is here. How a hall works (lead time, recall limit, quiet hours)
is data, edited in admin.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from kernel.limits import parse_rules

DEMO_SECRET = "demonstration-only-secret-not-for-production"  # noqa: S105  # refused when ENV=production
_MIN_SECRET = 32
# Nobody can open these: what an address says instead.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared with, not listened on


_NUMBERS = frozenset(
    {"port", "live_port", "proxy_hops", "web_workers", "web_threads", "job_workers", "console_delay_ms"}
)


class SettingsInvalid(Exception):
    """Start is refused; `problems` says each thing that is missing or wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("settings: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything read from the environment. See docs/settings.md."""

    env: str = "development"
    database_url: str = ""
    redis_url: str = ""
    secret_key: str = DEMO_SECRET
    data_key: str = ""
    data_key_previous: str = ""
    index_key: str = ""
    var: Path = Path("var")
    lists: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    live_port: int = 0
    public_url: str = ""
    live_url: str = ""
    proxy_hops: int = 0
    web_workers: int = 2
    web_threads: int = 4
    job_workers: int = 2
    clock_file: Path | None = None
    sms_gateway: str = "console"
    sms_callback_url: str = ""
    console_delay_ms: int = 0
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""
    twilio_base_url: str = ""
    sms_signature: str = "有号"
    map_url: str = "https://uri.amap.com/marker?position={longitude},{latitude}&name={name}&coordinate=wgs84"
    log_level: str = "INFO"
    limits: str = ""

    @property
    def production(self) -> bool:
        """Whether safe defaults of a demonstration are refused."""
        return self.env == "production"

    @property
    def demo(self) -> bool:
        """Whether the demonstration clock and the SMS simulator may be used."""
        return self.env == "demo"

    @property
    def everywhere(self) -> bool:
        """Whether we listen on every address of the machine."""
        return self.host in _EVERYWHERE

    @property
    def own_host(self) -> str:
        """The host as it stands in an address that this machine itself can open."""
        host = _EVERYWHERE.get(self.host, self.host)
        return f"[{host}]" if ":" in host else host

    @property
    def base_url(self) -> str:
        """The address that citizens see, without a trailing slash."""
        return (self.public_url or f"http://{self.own_host}:{self.port}").rstrip("/")

    @property
    def live_base_url(self) -> str:
        """The address of the live process, without a trailing slash."""
        return (self.live_url or f"http://{self.own_host}:{self.live_port or self.port + 1}").rstrip("/")


def environment_name(field_name: str) -> str:
    """DATABASE_URL and REDIS_URL keep their common names; the rest starts with YOUHAO_ or TWILIO_."""
    upper = field_name.upper()
    bare = field_name in {"database_url", "redis_url"} or field_name.startswith("twilio_")
    return upper if bare else f"YOUHAO_{upper}"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. `X_FILE` may name a file that holds the value of `X`.

    Raises:
        SettingsInvalid: listing everything wrong at once.
    """
    source = os.environ if environment is None else environment
    problems: list[str] = []
    values: dict[str, object] = {}
    for field in fields(Settings):
        text = _read(source, environment_name(field.name), problems)
        if text is None:
            continue
        try:
            values[field.name] = _convert(field.name, text)
        except ValueError:
            problems.append(f"{environment_name(field.name)}={text!r} is not a valid value")
    settings = Settings(**values)  # type: ignore[arg-type]  # converted just above
    problems += _check(settings)
    if problems:
        raise SettingsInvalid(problems)
    return settings


def _read(source: Mapping[str, str], name: str, problems: list[str]) -> str | None:
    file = source.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{name}_FILE names a file that cannot be read")
            return None
    return source.get(name) or None


def _convert(name: str, text: str) -> object:
    if name in _NUMBERS:
        return int(text)
    if name in {"var", "lists", "clock_file"}:
        return Path(text)
    return text


def _check(settings: Settings) -> list[str]:
    problems = []
    if settings.env not in {"development", "demo", "test", "production"}:
        problems.append("YOUHAO_ENV must be development, demo, test or production")
    try:
        parse_rules(settings.limits)
    except ValueError:
        problems.append("YOUHAO_LIMITS is a list such as hold.device=30/600 book.phone=30/86400")
    if not _is_map(settings.map_url):
        problems.append("YOUHAO_MAP_URL is an https address with {latitude}, {longitude} and perhaps {name}")
    if settings.sms_gateway not in {"console", "twilio"}:
        problems.append("YOUHAO_SMS_GATEWAY must be console or twilio")
    if settings.sms_gateway == "twilio":
        problems += [
            f"{environment_name(name)} is needed by the twilio gateway"
            for name in ("twilio_account_sid", "twilio_auth_token", "twilio_from")
            if not getattr(settings, name)
        ]
    return problems + (_check_production(settings) if settings.production else [])


def _is_map(url: str) -> bool:
    try:
        url.format(latitude="", longitude="", name="")
    except (KeyError, ValueError, IndexError):
        return False
    return url.startswith("https://") and "{latitude}" in url and "{longitude}" in url


def _check_production(settings: Settings) -> list[str]:
    problems = [
        f"{environment_name(name)} is missing (production)"
        for name in ("database_url", "redis_url", "public_url", "data_key", "index_key")
        if not getattr(settings, name)
    ]
    if settings.secret_key == DEMO_SECRET or len(settings.secret_key) < _MIN_SECRET:
        problems.append("YOUHAO_SECRET_KEY must be a random text of at least 32 characters (production)")
    if settings.clock_file:
        problems.append("YOUHAO_CLOCK_FILE is for demonstrations and refused in production")
    if settings.public_url and not settings.public_url.startswith("https://"):
        problems.append("YOUHAO_PUBLIC_URL must start with https:// (production)")
    if settings.sms_gateway == "console":
        problems.append("YOUHAO_SMS_GATEWAY=console sends nothing; choose a real gateway (production)")
    return problems
