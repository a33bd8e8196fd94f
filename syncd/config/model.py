"""Every section and key of a configuration, with its default; `config.example.toml` shows them all."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from policy.rules import Duration, Rules
from policy.weekly import Weekly
from syncd.config.measures import Seconds, Size
from syncd.config.values import (
    Closures,
    Database,
    HostPort,
    Hours,
    Networks,
    OptionalClientId,
    OptionalFile,
    OptionalMailAddress,
    OptionalMailServer,
    OptionalWebAddress,
    Positive,
    Server,
    Servers,
    WebAddress,
    Zone,
)

PREFIX = "SYNCD_"
NESTED = "__"
CREDENTIAL = "token-key"
"""The name under which systemd hands over the key (``LoadCredential=``)."""


class Section(BaseModel):
    """One table of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class School(Section):
    """Who runs this."""

    name: str = "Our school"
    zone: Zone = ZoneInfo("UTC")
    success_manager: OptionalMailAddress = None
    public_url: OptionalWebAddress = None
    closures: Closures = ()


class DatabaseSection(Section):
    """Where everything is kept."""

    url: Database = "sqlite:///syncd.db"


class Poll(Section):
    """How often calendars are looked at."""

    every: Positive = timedelta(minutes=5)
    near_deadline: Positive = timedelta(minutes=1)
    stale_after: Positive = timedelta(minutes=30)
    workers: int = Field(default=16, ge=1, le=256)
    per_host: int = Field(default=4, ge=1, le=256)


class Grid(Section):
    """How free hours are found."""

    horizon: Positive = timedelta(weeks=8)
    weekly: Hours = Weekly.parse("Mon-Sun 08:00-22:00")
    tentative: Literal["busy", "free"] = "busy"
    buffer: Duration = timedelta(0)


class CalDav(Section):
    """Which CalDAV servers may be asked."""

    ca_file: OptionalFile = None
    allow: Servers = ()
    max_rows: int = Field(default=20_000, ge=100, le=1_000_000)


class Limits(Section):
    """How much of a server's answer and of a calendar is read before it counts as unknown."""

    answer: Size = 8 * 1024 * 1024
    request: Seconds = 30.0
    silence: Seconds = 10.0
    document: Size = 4 * 1024 * 1024
    components: int = Field(default=20_000, ge=1)
    depth: int = Field(default=16, ge=3, le=100)
    line: Size = 1024 * 1024
    overrides: int = Field(default=2_000, ge=0)
    rules: int = Field(default=10, ge=0)
    dates: int = Field(default=10_000, ge=0)
    interval: int = Field(default=10_000, ge=1)
    product: int = Field(default=1_000, ge=1)
    steps: int = Field(default=200_000, ge=1)
    occurrences: int = Field(default=5_000, ge=1)
    observances: int = Field(default=200, ge=1)
    first_year: int = Field(default=1600, ge=1, le=2000)
    last_year: int = Field(default=2200, ge=2100, le=9000)
    series_time: Seconds = 0.5
    document_time: Seconds = 2.0
    calendar_time: Seconds = 2.0
    component_time: Seconds = 0.002
    longest_time: Seconds = 60.0
    memory: Annotated[Size, Field(ge=128 * 1024 * 1024)] = 512 * 1024 * 1024


class Google(Section):
    """How Google calendars are reached."""

    client_id: OptionalClientId = None
    client_secret_file: OptionalFile = None
    service_account_file: OptionalFile = None
    api_endpoint: WebAddress = "https://www.googleapis.com/calendar/v3"
    auth_uri: WebAddress = "https://accounts.google.com/o/oauth2/v2/auth"
    token_uri: WebAddress = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke_uri: WebAddress = "https://oauth2.googleapis.com/revoke"
    push: bool = False


class Mail(Section):
    """How mail leaves."""

    url: OptionalMailServer = None
    sender: OptionalMailAddress = None


class Webhooks(Section):
    """Where facts are sent as they happen."""

    url: OptionalWebAddress = None
    secret_file: OptionalFile = None


class Web(Section):
    """Where the pages and the API are served."""

    listen: Server = HostPort("127.0.0.1", 8080)
    cookie_secure: bool = True
    trusted_proxies: Networks = ()


class Keys(Section):
    """What seals the passwords and tokens of connected accounts."""

    file: Path = Path("key")


class Log(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Config(BaseSettings):
    """One school's configuration: a TOML file, overruled by the environment; read it with ``load``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, enable_decoding=False, extra="forbid", frozen=True
    )

    school: School = School()
    database: DatabaseSection = DatabaseSection()
    rules: Rules = Rules()
    poll: Poll = Poll()
    grid: Grid = Grid()
    caldav: CalDav = CalDav()
    limits: Limits = Limits()
    google: Google = Google()
    mail: Mail = Mail()
    webhooks: Webhooks = Webhooks()
    web: Web = Web()
    keys: Keys = Keys()
    log: Log = Log()

    _file: Path = PrivateAttr(default_factory=lambda: Path("config.toml").absolute())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment overrule the file, and nothing else in."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @property
    def file(self) -> Path:
        """The file that this was read from."""
        return self._file

    @property
    def key_file(self) -> Path:
        """The key ring: systemd's credential if there is one, else ``keys.file``."""
        return credential() or self.keys.file

    def settled(self, file: Path) -> Self:
        """Return the same, read from *file*: relative paths count from where it lies."""
        file = file.absolute()
        sections = {name: _settled(getattr(self, name), file.parent) for name in type(self).model_fields}
        settled = self.model_copy(update=sections)
        settled._file = file  # noqa: SLF001 - a copy of our own kind
        return settled


def credential() -> Path | None:
    """Return the key that systemd handed over, if it did (systemd.exec(5), CREDENTIALS)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    key = Path(folder) / CREDENTIAL if folder else None
    return key if key and key.is_file() else None


def _settled(section: BaseModel, base: Path) -> BaseModel:
    given = {name: getattr(section, name) for name in type(section).model_fields}
    update: dict[str, object] = {
        name: base / value.expanduser() for name, value in given.items() if isinstance(value, Path)
    }
    if isinstance(section, DatabaseSection):
        update["url"] = _settled_database(section.url, base)
    return section.model_copy(update=update)


def _settled_database(url: str, base: Path) -> str:
    scheme, _, path = url.partition(":///")
    return f"{scheme}:///{base / path}" if scheme == "sqlite" and not path.startswith(":") else url
