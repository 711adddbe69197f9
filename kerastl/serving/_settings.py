"""What a server is told when it starts, and may hand to its processes."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import asdict, dataclass
from typing import Any

from kerastl._base.text import printable
from kerastl.errors import UsageError

MEBIBYTE = 1 << 20
_NAME = re.compile(r"[^/:?#%]{1,100}")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s@A-Z]+")  # as browsers write them
_LONGEST_SECONDS = 86_400
LOG_FORMATS = ("text", "json")


@dataclass(frozen=True)
class ServeSettings:
    """How a server answers.

    Args:
        models: Name in requests and name or path of each model, in order; the first answers where none is named.
        host: Address to listen at; the default can be reached from this machine only.
        port: Port to listen at; 0 takes a free one.
        workers: Processes, each with all models.
        max_bytes: Bytes of a request's body.
        max_images: Images in a request.
        max_pixels: Pixels of an image as it is stored in its file.
        queue: Images that may wait for a model, in each process.
        max_connections: Connections that may be open, to each process.
        timeout: Seconds until an answer, from the first byte of the request on.
        api_keys: SHA-256 hashes, in hexadecimal, of the keys of which a request must bring one; none are needed if
            empty.
        origins: Web origins whose pages may ask, such as `https://example.org`; `*` for all.
        collect: Folder into which corrections go; none are taken if None.
        explain: Whether answers may be explained, for which a process of its own imports Keras when it is first asked.
        reload: Whether models are loaded anew when their files change.
        collect_limit: Bytes that what lies in that folder may take together.
        page: Whether there is a page for people at `/`.
        verbose: What is told: 0 warnings and errors only, 1 what the server does, 2 each request, too.
        log_format: How that is written to standard error: `text` or `json`, which sets up the logger
            `kerastl`; `text` does so in further processes only.
        engine: What runs the networks, as for `kerastl.load`.
        trust: Whether models may hold what runs code, as for `kerastl.load`.

    Example:
        >>> from kerastl.serving import ServeSettings
        >>> settings = ServeSettings((("mini", "kerastl_mini"),), port=0)
        >>> ServeSettings.from_dict(settings.as_dict()) == settings
        True
    """

    models: tuple[tuple[str, str], ...]
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    max_bytes: int = 32 * MEBIBYTE
    max_images: int = 64
    max_pixels: int = 64_000_000
    queue: int = 256
    max_connections: int = 512
    timeout: float = 30.0
    api_keys: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    collect: str | None = None
    explain: bool = True
    reload: bool = True
    collect_limit: int = 10_240 * MEBIBYTE
    page: bool = True
    verbose: int = 1
    log_format: str = "text"
    engine: str = "auto"
    trust: bool = False

    def __post_init__(self) -> None:
        if not self.models:
            raise UsageError("models must hold at least one model. Received: ()")
        for name, path in self.models:
            if not _NAME.fullmatch(name) or not name.isprintable():
                raise UsageError(
                    f"requests cannot call a model {name!r}, since the name is part of an address: "
                    f"give {printable(path)} another one, as NAME={printable(path)}"
                )
        for origin in self.origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise UsageError(
                    "an origin is written as https://example.org, in small letters and without a path (--cors). "
                    f"Received: {origin!r}"
                )
        self._check_limits()
        names = [name for name, _ in self.models]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UsageError(f"two models are called {twice!r}; name one, as NAME=PATH")

    def _check_limits(self) -> None:
        for field in ("workers", "max_bytes", "max_images", "max_pixels", "queue", "max_connections", "collect_limit"):
            if getattr(self, field) < 1:
                raise UsageError(f"{field} must be at least 1. Received: {getattr(self, field)}")
        if self.log_format not in LOG_FORMATS:
            raise UsageError(f"log_format must be one of {', '.join(LOG_FORMATS)}. Received: {self.log_format!r}")
        if not 0 < self.timeout <= _LONGEST_SECONDS:
            raise UsageError(
                f"timeout must be more than 0 seconds, and at most {_LONGEST_SECONDS:,}. Received: {self.timeout}"
            )
        if self.max_images > self.queue:
            raise UsageError(f"max_images must fit into the queue of {self.queue} images. Received: {self.max_images}")

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ServeSettings:
        """Read what `as_dict` gave, also from JSON."""
        lists = {name: tuple(values[name]) for name in ("api_keys", "origins")}
        models = tuple((name, path) for name, path in values["models"])
        return cls(**{**values, **lists, "models": models})


def hash_key(key: str) -> str:
    """The SHA-256 hash of an API key, in hexadecimal."""
    return hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
