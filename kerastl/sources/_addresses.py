"""Addresses of what lies in the web and in stores: told from paths, and shown without what is secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from kerastl.sources._containers import container_of

STORES = ("s3", "gs", "az", "hdfs")
"""Beside the web: what fsspec fetches. `s3` may stand behind any server that speaks it (AWS_ENDPOINT_URL)."""
_SCHEME = re.compile(rf"({'|'.join(STORES)})://", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_MAGIC = re.compile(r"[*?[]")


def is_address(text: str) -> bool:
    """Whether it begins as addresses in the web and in stores do."""
    return _WEB.match(text) is not None or _SCHEME.match(text) is not None


def is_in_store(text: str) -> bool:
    """Whether it is the address of something in a store, which fsspec fetches."""
    return _SCHEME.match(text) is not None


def is_pattern(address: str) -> bool:
    """Whether an address in a store stands for all that match it."""
    return is_in_store(address) and _MAGIC.search(address) is not None


def path_in(address: str) -> str:
    """The path of an address, without a query: where its suffix stands. Of a path it is that itself."""
    return urlsplit(address).path if _WEB.match(address) else address


def lies_elsewhere(source: str) -> bool:
    """Whether images of a source are no files of this machine, and no single image in the web either."""
    return is_in_store(source) or container_of(path_in(source)) is not None


def is_one_image(source: str) -> bool:
    """Whether a source in a store is one image, and not many."""
    return not (source.endswith("/") or is_pattern(source) or container_of(path_in(source)) is not None)


def shown(address: str) -> str:
    """An address as outputs have it: without a password, and without a query, in which signatures stand."""
    if not is_address(address):
        return address
    if not _WEB.match(address):
        scheme, _, rest = address.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2] if '@' in rest.split('/')[0] else rest}"
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
