"""The archives that a source names, found without reading them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from kerastl._base.files import open_regular
from kerastl._paths import expand
from kerastl.errors import ImageError, KerastlError
from kerastl.images._error_messages import reason
from kerastl.images._limits import RefusedError
from kerastl.sources._addresses import is_address, is_in_store, is_pattern, path_in, shown
from kerastl.sources._containers import Container, container_of


@dataclass(frozen=True)
class Archive:
    """An archive, not yet open.

    Args:
        name: What it is called.
        container: What it is.
        version: What changes when it does; empty where nothing is known of that.
        open: Opens it; raises whatever is wrong.
    """

    name: str
    container: Container
    version: str
    open: Callable[[], IO[bytes]]

    @property
    def short_name(self) -> str:
        """The name without the way to it."""
        return self.name.rstrip("/").rpartition("/")[2].rpartition(os.sep)[2]


def names_archives(source: object) -> bool:
    """Whether a source is the address or path of archives, with braces or a pattern perhaps."""
    if not isinstance(source, str) or os.path.isdir(source):  # noqa: PTH112 - may be no path at all
        return False
    return is_in_store(source) or container_of(path_in(source)) is not None


def find_archives(source: str) -> list[Archive]:
    """The archives that a source names, in their order.

    Raises:
        ImageError: One is not there or cannot be reached.
        MissingExtraError: A package that it needs is not installed.
    """
    found: list[Archive] = []
    for path in expand([source]):
        try:
            found += _behind(path) if is_address(path) else [_local(path)]
        except KerastlError:
            raise
        except (OSError, ValueError) as error:
            raise ImageError(shown(path), reason(error)) from error
    return found


def _local(path: str) -> Archive:
    container = container_of(path)
    if container is None:
        raise ValueError("no archive")
    status = os.stat(path)  # noqa: PTH116 - paths stay text
    version = f"{status.st_size}-{status.st_mtime_ns}"
    return Archive(path, container, version, lambda: open_regular(path, follow=True))


def _behind(address: str) -> list[Archive]:
    from kerastl.sources._retry import why

    try:
        return _in_store(address) if is_in_store(address) else [_in_web(address)]
    except KerastlError:
        raise
    except Exception as error:  # each store has its own
        raise ImageError(shown(address), why(error)) from error


def _in_web(url: str) -> Archive:
    from kerastl.sources._web import opened_web_file, web_object

    container, remote = container_of(path_in(url)), web_object(url)
    if container is None:
        raise RefusedError("no archive")
    version = "" if remote is None else f"{remote.size}-{remote.version}"
    return Archive(shown(url), container, version, lambda: opened_web_file(url, container.seeks))


def _in_store(address: str) -> list[Archive]:
    from kerastl.sources._stores import StoreFolder, store_object

    many = address.endswith("/") or is_pattern(address)
    found = [_of(remote) for remote in (StoreFolder(address).objects() if many else [store_object(address)])]
    archives = [archive for archive in found if archive is not None]
    if not archives:
        raise RefusedError("no archives there; images with labels are read from archives, or from folders of files")
    return archives


def _of(remote: Any) -> Archive | None:
    container = container_of(remote.name)
    if container is None:
        return None
    return Archive(remote.name, container, f"{remote.size}-{remote.version}", remote.opened)
