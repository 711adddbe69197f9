"""Choose the engine for a model: compiled if it can be, Keras otherwise."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from kerastl import _progress as progress
from kerastl._base.extras import require_module
from kerastl._base.text import printable
from kerastl.errors import ModelError, UsageError
from kerastl.inference._cache import HASHES, CompiledCache, cache_folder, default_parallelism
from kerastl.inference._engine_registry import AUTO_ORDER, ENGINES, EngineError
from kerastl.inference._engines import Engine, KerasEngine, LiteRTEngine, Parallelism
from kerastl.inference._export import EXPORT_VERSION
from kerastl.inference._lock import locked
from kerastl.inference._precision import Precision, Sample, check_precision
from kerastl.inference._seal import remembered_sha256
from kerastl.models._spec import ModelSpec

if TYPE_CHECKING:
    import keras

EngineName: TypeAlias = str  # of `ENGINES`, or "auto"

log = logging.getLogger("kerastl")


def open_engine(
    spec: ModelSpec, engine: EngineName = "auto", precision: Precision = "full", sample: Sample | None = None
) -> Engine:
    """Open the engine for a model; compile the model first where that was not done yet.

    Args:
        spec: The model.
        engine: A name of `kerastl.inference.ENGINES`: `litert` for the compiled network, `keras` for Keras itself;
            or `auto` for the compiled one where that is possible and Keras elsewhere, with a warning that says why.
        precision: `full` is float32; `fast` is fewer bits, compared with float32 when it is compiled, and never
            replaced by another.
        sample: Reads representative images, which `fast` needs when it is compiled.

    Raises:
        UsageError: No such engine or precision; or the engine has no such precision, or there are no representative
            images.
        ModelError: An engine was asked for by name, and it cannot run the model or is not installed.

    Example:
        >>> from kerastl.inference import open_engine
        >>> from kerastl.models import resolve
        >>> open_engine(resolve("kerastl_mini"), "keras").name
        'keras'
    """
    check_precision(precision)
    if spec.engine is not None:
        from kerastl.inference._exported import open_exported

        return open_exported(spec, engine, precision)
    if precision == "fast":
        return _open_fast(spec, engine, sample or no_sample)
    if engine != "auto":
        factory = ENGINES[engine]
        if factory.opener is not None and (reason := factory.unavailable()) is not None:
            raise ModelError(reason)
        return factory.open(spec)
    *fast, last = (ENGINES[name] for name in AUTO_ORDER)
    for factory in fast:
        if (reason := factory.unavailable()) is not None:
            log.info("%s: answering through Keras, which starts more slowly", reason)
            continue
        try:
            return factory.open(spec)
        except EngineError as error:
            log.warning("%s: answering through Keras, which is slower", error)
            if error.model is not None:
                spec = replace(spec, build=partial(_as_is, error.model))
    return last.open(spec)


def _open_fast(spec: ModelSpec, engine: EngineName, sample: Sample) -> Engine:
    names = AUTO_ORDER if engine == "auto" else (engine,)
    factory = next((ENGINES[name] for name in names if ENGINES[name].fast_opener is not None), ENGINES[names[0]])
    if (reason := factory.unavailable()) is not None:
        raise ModelError(f"{reason}, and fast precision needs it")
    try:
        return factory.open_fast(spec, sample)
    except EngineError as error:
        raise ModelError(f"{error}; full precision may do without") from error


def no_sample() -> NoReturn:
    """Say that representative images are needed."""
    raise UsageError(
        "fast precision is fitted to images like those to classify when it is first used: give some as representative "
        "data"
    )


def _as_is(model: keras.Model) -> keras.Model:
    return model


def open_keras(spec: ModelSpec) -> KerasEngine:
    return KerasEngine(build(spec))


def build(spec: ModelSpec) -> keras.Model:
    """The Keras model."""
    with progress.stage(f"{printable(spec.metadata.name)}: loading the network into Keras"):
        return spec.build()


def has_litert() -> bool:
    """Whether the fast runtime is installed."""
    return importlib.util.find_spec("ai_edge_litert") is not None


def litert_missing() -> str | None:
    return None if has_litert() else "the package ai-edge-litert is not installed (it has no wheel for some platforms)"


def keras_version() -> str:
    """The installed Keras's version, without importing it."""
    require_module("keras")
    spec = importlib.util.find_spec("keras")
    if spec is not None and spec.submodule_search_locations:
        source = Path(spec.submodule_search_locations[0]) / "src" / "version.py"
        if source.is_file() and (found := re.search(r"__version__ = \"([^\"]+)\"", source.read_text())):
            return found.group(1)
    from importlib.metadata import version

    return version("keras")


def cache_key(spec: ModelSpec, cache: CompiledCache, form: str = "") -> str:
    """Name a compiled form of a model: its weights, what it is, Keras's version and the way of compiling.

    Args:
        spec: The model.
        cache: Remembers the hash of its weights.
        form: What is special about this form; nothing if it is the one in float32.
    """
    parts = {
        "identity": spec.identity,
        "weights": remembered_sha256(spec.weights_file, cache.folder / HASHES, cache.seal, spec.hash),
        "keras": keras_version(),
        "export": EXPORT_VERSION,
    }
    if form:
        parts["form"] = form
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def open_litert(spec: ModelSpec) -> LiteRTEngine:
    return open_compiled(spec, _compile)


def open_compiled(
    spec: ModelSpec, compile_: Callable[[ModelSpec, CompiledCache, str], LiteRTEngine], form: str = ""
) -> LiteRTEngine:
    """Open a compiled form of a model from the cache, or compile it once.

    Args:
        spec: The model.
        compile_: Given the model, the cache and the key; stores the entry and gives the engine.
        form: As for `cache_key`.

    Raises:
        EngineError: It cannot be compiled, or not kept.
    """
    cache = CompiledCache(cache_folder())
    if (reason := cache.fault()) is not None:
        raise EngineError(
            f"the cache folder {printable(str(cache.folder))} {reason}, who could exchange networks in it "
            "(KERASTL_CACHE names another)"
        )
    key = cache_key(spec, cache, form)
    if (engine := _opened(spec, cache, key)) is not None:
        return engine
    if (reason := cache.refusal(key)) is not None:
        raise EngineError(reason)
    if not cache.writable():
        raise EngineError(f"the cache folder {cache.folder} cannot be written (KERASTL_CACHE names another)")
    # The first use by several at once compiles once.
    with locked(cache.lock_file(key), f"{printable(spec.metadata.name)}: compiling"):
        if (engine := _opened(spec, cache, key)) is not None:
            return engine
        if (reason := cache.refusal(key)) is not None:
            raise EngineError(reason)
        return compile_(spec, cache, key)


def _opened(spec: ModelSpec, cache: CompiledCache, key: str) -> LiteRTEngine | None:
    """The compiled network if the cache holds it."""
    entry = cache.find(key)
    if entry is None:
        return None
    try:
        engine = LiteRTEngine(entry.file, entry.parallelism)
        shapes = engine.shapes()
    except (ValueError, RuntimeError) as error:
        log.info("%s is not usable (%s): compiling again", entry.file, error)
        return None
    spec.check_fit(*shapes)
    return engine


def _compile(spec: ModelSpec, cache: CompiledCache, key: str) -> LiteRTEngine:
    from kerastl.inference import _export as export
    from kerastl.inference import _tuning as tuning

    if (reason := export.unavailable()) is not None:
        raise EngineError(reason)
    name = spec.metadata.name
    model = build(spec)

    def examine(file: Path, size: int) -> Parallelism:
        export.check(LiteRTEngine(file, default_parallelism(size)), model)
        return tuning.fastest(file, size, model.input_shape[1:])

    try:
        with progress.stage(f"{printable(name)}: compiling for fast answers, once for these weights"):
            entry = cache.store(key, name, export.to_litert(model), examine)
            return LiteRTEngine(entry.file, entry.parallelism)
    except ModelError as error:
        cache.refuse(key, str(error))
        raise EngineError(str(error), model) from error
    except OSError as error:
        raise EngineError(f"the cache folder {cache.folder} cannot be written ({error.strerror})", model) from error
