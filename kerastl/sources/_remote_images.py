"""The images behind addresses: single ones in stores, below prefixes, and in archives in stores and in the web."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from glob import has_magic

from kerastl.errors import ImageError, KerastlError
from kerastl.images._formats import SIDE, Sorter
from kerastl.images._limits import RefusedError
from kerastl.sources import _limits as limits
from kerastl.sources._addresses import is_in_store, is_pattern, path_in, shown
from kerastl.sources._containers import Container, container_of
from kerastl.sources._fetching import AHEAD, fetcher
from kerastl.sources._images_in import images_in
from kerastl.sources._remote_file import RemoteObject
from kerastl.sources._retry import retried, why
from kerastl.sources._stored_image import Chosen, StoredImage, every
from kerastl.sources._stores import StoreFolder, check_packages, store_object
from kerastl.sources._web import opened_web_file


def remote_images(address: str, left_out: Counter[str], chosen: Chosen = every) -> Iterator[StoredImage | ImageError]:
    """Read the images behind an address; see `kerastl.sources.stored_images`."""
    try:
        yield from (_of_store if is_in_store(address) else _of_web)(address, left_out, chosen)
    except KerastlError:
        raise
    except Exception as error:  # each store has its own
        if chosen(shown(address)):
            yield ImageError(shown(address), why(error))


def _of_web(url: str, left_out: Counter[str], chosen: Chosen) -> Iterator[StoredImage | ImageError]:
    container = container_of(path_in(url))
    assert container is not None  # noqa: S101 - single images in the web are no sources of this kind
    with opened_web_file(url, container.seeks) as file:
        yield from images_in(container, file, shown(url), left_out, chosen)


def _of_store(address: str, left_out: Counter[str], chosen: Chosen) -> Iterator[StoredImage | ImageError]:
    check_packages(address)  # before a thread that fetches one image finds out
    if not (address.endswith("/") or is_pattern(address)):
        if container := container_of(address):
            yield from _of_archive(store_object(address), container, left_out, chosen)
        elif chosen(shown(address)):
            yield _fetched(shown(address), lambda: store_object(address))
        return
    yield from _of_folder(address, left_out, chosen)


def _of_folder(address: str, left_out: Counter[str], chosen: Chosen) -> Iterator[StoredImage | ImageError]:
    fetched = deque[StoredImage | ImageError]()  # or under way
    try:
        for found in _listed(address, left_out, chosen):
            if isinstance(found, tuple):
                yield from _emptied(fetched)
                yield from _of_archive(*found, left_out, chosen)
                continue
            fetched.append(found)
            if len(fetched) > AHEAD:
                yield fetched.popleft()
    except Exception:
        yield from _emptied(fetched)  # what came before the store failed
        raise
    yield from _emptied(fetched)


def _listed(
    address: str, left_out: Counter[str], chosen: Chosen
) -> Iterator[StoredImage | ImageError | tuple[RemoteObject, Container]]:
    """The images below a prefix, or that match a pattern, and the archives that do."""
    archives = found = 0
    sorter = Sorter()
    suffix = os.path.splitext(address.rpartition("/")[2])[1]  # noqa: PTH122 - a name, as below
    explicit = is_pattern(address) and bool(suffix) and not has_magic(suffix)
    for remote in StoreFolder(address).objects():
        container = container_of(remote.name)
        if container is not None and explicit:
            found += 1
            yield remote, container
        elif explicit or sorter.kind(remote.name) != SIDE:
            found += 1
            if chosen(remote.name):
                yield _image_of(remote)
        else:
            archives += container is not None
            left_out[os.path.splitext(remote.name)[1].lower()] += 1  # noqa: PTH122
    if not found and chosen(shown(address)):
        hint = f" but {archives:,} archives; give a pattern such as *.tar" if archives else ""
        yield ImageError(shown(address), f"no images there{hint}")


def _emptied(images: deque[StoredImage | ImageError]) -> Iterator[StoredImage | ImageError]:
    while images:
        yield images.popleft()


def _of_archive(
    remote: RemoteObject, container: Container, left_out: Counter[str], chosen: Chosen
) -> Iterator[StoredImage | ImageError]:
    with remote.opened() as file:
        yield from images_in(container, file, remote.name, left_out, chosen)


def _image_of(remote: RemoteObject) -> StoredImage | ImageError:
    try:
        limits.check_name(remote.name)
        limits.check_size(remote.size)
    except RefusedError as error:
        return ImageError(remote.name, str(error))
    return _fetched(remote.name, lambda: remote, remote.mtime_ns)


def _fetched(name: str, find: Callable[[], RemoteObject], mtime_ns: int = 0) -> StoredImage:
    """An image that threads fetch while others are looked at."""

    def content() -> bytes:
        try:
            remote = find()
            limits.check_size(remote.size)
            return retried(lambda: remote.fetch(0, remote.size))
        except Exception as error:
            raise ImageError(name, why(error)) from error

    return StoredImage(name, fetcher.submit(content), mtime_ns)
