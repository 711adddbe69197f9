"""Compiled frozen parts of networks in the cache of this machine: features of new images without Keras.

A part is known by its digest, as kept features are, so that what is found is what made them.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from kerastl.inference._cache import CompiledCache, cache_folder
from kerastl.inference._engines import Engine, LiteRTEngine
from kerastl.inference._export import EXPORT_VERSION


def remember_frozen(digest: str, engine: Engine, name: str) -> None:
    """Keep a compiled frozen part, where it is one and the cache can hold it.

    Args:
        digest: From `weights_digest`.
        engine: That runs it.
        name: What the cache calls it.
    """
    cache = CompiledCache(cache_folder())
    if not isinstance(engine, LiteRTEngine) or not isinstance(engine.model, Path):
        return
    if cache.fault() is None and cache.writable() and cache.find(_key(digest)) is None:
        parallelism = engine.parallelism
        with suppress(OSError):  # the disk is full: it is compiled again when it is needed
            cache.store(_key(digest), name, engine.model.read_bytes(), lambda _file, _size: parallelism)


def find_frozen(digest: str) -> Engine | None:
    """Open a frozen part that is in the cache; None where it is not, or cannot be relied upon."""
    cache = CompiledCache(cache_folder())
    entry = cache.find(_key(digest)) if cache.fault() is None else None
    if entry is None:
        return None
    try:
        engine = LiteRTEngine(entry.file, entry.parallelism)
        engine.shapes()
    except (ValueError, RuntimeError, ImportError):
        return None
    return engine


def _key(digest: str) -> str:
    return hashlib.sha256(f"frozen part {EXPORT_VERSION} {digest}".encode()).hexdigest()[:32]
