"""Stores that fsspec reaches: S3 and what speaks like it, Google's, Azure's, HDFS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from kerastl._base import download
from kerastl._base.extras import MissingExtraError, require
from kerastl._base.patterns import fits
from kerastl._base.text import printable
from kerastl._base.walking import is_hidden
from kerastl.images._limits import RefusedError
from kerastl.sources._addresses import is_pattern, shown
from kerastl.sources._remote_file import RemoteObject
from kerastl.sources._retry import retried

# What fsspec needs for a scheme beside itself; those of the extra come with it.
_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "hdfs": "pyarrow"}
_OF_EXTRA = ("s3fs",)
_WITH_BUCKETS = ("s3", "gs", "az")
_DEEPEST = 100
_MAGIC = "*?["


class StoreFolder:
    """What lies below a prefix, or matches a pattern.

    Args:
        address: `s3://bucket/prefix/`, or with `*`, `?` and `**` in it.

    Raises:
        MissingExtraError: A package is not installed.
    """

    def __init__(self, address: str) -> None:
        self._scheme = address.partition("://")[0].lower()
        self._store, self._path = _reached(address)
        parts = self._path.strip("/").split("/")
        first = next((place for place, part in enumerate(parts) if any(sign in part for sign in _MAGIC)), len(parts))
        if is_pattern(address) and first == 0:
            raise RefusedError("a pattern may begin behind the name of the bucket only")
        self._top = "/".join(parts[:first])
        self._parts = parts[first:]

    def objects(self) -> Iterator[RemoteObject]:
        """The files, sorted by name level by level; what is hidden is left out."""
        levels = [iter(self._listing(self._top))]
        while levels:
            entry = next(levels[-1], None)
            if entry is None:
                levels.pop()
                continue
            names = self._below(entry["name"])
            if entry["type"] == "directory":
                if len(levels) < _DEEPEST and self._may_hold(names):
                    levels.append(iter(self._listing(entry["name"].rstrip("/"))))
            elif not self._parts or fits(names, self._parts):
                yield _object(self._store, self._scheme, entry)

    def _below(self, name: str) -> list[str]:
        return name.strip("/")[len(self._top) :].strip("/").split("/")

    def _may_hold(self, names: Sequence[str]) -> bool:
        """Whether what matches may lie in a folder."""
        if not self._parts or "**" in self._parts[: len(names)]:
            return True
        return len(names) < len(self._parts) and fits(names, self._parts[: len(names)])

    def _listing(self, path: str) -> list[dict[str, Any]]:
        found = retried(lambda: self._store.ls(path, detail=True))
        # Some stores list a prefix among what is in it.
        entries = {entry["name"].rstrip("/"): entry for entry in found if entry["name"].strip("/") != path.strip("/")}
        return [entry for name, entry in sorted(entries.items()) if not is_hidden(name.rpartition("/")[2])]


def store_object(address: str) -> RemoteObject:
    """Find a file in a store.

    Raises:
        MissingExtraError: A package is not installed.
        Exception: It is not there, or the store cannot be reached.
    """
    store, path = _reached(address)
    entry = retried(lambda: store.info(path))
    if entry.get("type") == "directory":
        raise IsADirectoryError
    return _object(store, address.partition("://")[0].lower(), entry)


def _reached(address: str) -> tuple[Any, str]:
    """The store of an address, and the path in it."""
    check_packages(address)
    import fsspec

    scheme = address.partition("://")[0].lower()
    # Not `url_to_fs`, which reads `::` in an address as a store within a store.
    kind = fsspec.get_filesystem_class(scheme)
    path = kind._strip_protocol(address)
    if scheme in _WITH_BUCKETS and not path.strip("/"):
        raise RefusedError("no bucket is named")  # all that one may see would be meant
    options = kind._get_kwargs_from_urls(address)
    return fsspec.filesystem(scheme, **{**options, "use_listings_cache": False}), path


def check_packages(address: str) -> None:
    """Raise `MissingExtraError` unless the packages are there that an address in a store needs."""
    scheme = address.partition("://")[0].lower()
    package = _PACKAGES[scheme]
    if package in _OF_EXTRA:
        require(f"{scheme}://", "remote", "fsspec", package)
    elif find_spec("fsspec") is None or find_spec(package) is None:
        raise MissingExtraError(f"{scheme}:// needs a package that is not there: pip install fsspec {package}")


def _object(store: Any, scheme: str, entry: dict[str, Any]) -> RemoteObject:
    path = entry["name"]

    def fetch(start: int, end: int) -> bytes:
        content = store.cat_file(path, start=start, end=end) if end > start else b""
        if len(content) != end - start:
            raise download.CutOffError(f"the connection ended after {len(content):,} of {end - start:,} bytes")
        return content

    name = printable(shown(f"{scheme}://{path.lstrip('/')}"))
    size, mtime_ns = int(entry.get("size") or 0), _mtime_ns(entry)
    return RemoteObject(name, size, fetch, mtime_ns, str(entry.get("ETag") or entry.get("etag") or mtime_ns or ""))


def _mtime_ns(entry: dict[str, Any]) -> int:
    found = next((entry[name] for name in ("LastModified", "last_modified", "mtime", "updated") if entry.get(name)), 0)
    if isinstance(found, datetime):
        return int(found.timestamp()) * 10**9
    return int(found * 10**9) if isinstance(found, (int, float)) else 0
