"""Run a network in fewer bits: compiled once, compared with float32, and refused where answers change too often."""

from __future__ import annotations

from functools import partial

from kerastl import _progress as progress
from kerastl._base.text import printable
from kerastl.inference._cache import CompiledCache
from kerastl.inference._engine_registry import EngineError
from kerastl.inference._engines import LiteRTEngine, Parallelism
from kerastl.inference._open import build, open_compiled, open_litert
from kerastl.inference._precision import Sample, compare
from kerastl.models._spec import ModelSpec
from kerastl.tasks._task import TASKS

# One image after the other: what is compared.
_ONE = Parallelism(workers=1, interpreters=1, threads=1, batch=1)


def open_fast_litert(spec: ModelSpec, sample: Sample) -> LiteRTEngine:
    """Open a network in 8-bit integers.

    Args:
        spec: The model.
        sample: Reads representative images; called where the network is compiled.

    Raises:
        EngineError: It cannot be compiled.
        ModelError: Its answers differ from those in float32 too often.
    """
    from kerastl.inference._quantize import QUANTIZE_VERSION

    return open_compiled(spec, partial(_compile, sample=sample), f"int8 {QUANTIZE_VERSION}")


def _compile(spec: ModelSpec, cache: CompiledCache, key: str, *, sample: Sample) -> LiteRTEngine:
    from kerastl.inference import _quantize as quantize
    from kerastl.inference import _tuning as tuning

    images = sample()  # before the network, which takes longer
    full = open_litert(spec)
    name = printable(spec.metadata.name)
    model = build(spec)
    try:
        with progress.stage(f"{name}: compiling in 8-bit integers, once for these weights"):
            content = quantize.to_int8(model, images.calibrating)
            fast = LiteRTEngine(content, _ONE)
            kind, count = TASKS[spec.metadata.task].kind, len(spec.metadata.labels)
            agreement = compare(fast, LiteRTEngine(full.model, _ONE), images.judging, count, kind)
            agreement.check(name)
            entry = cache.store(
                key,
                spec.metadata.name,
                content,
                lambda file, size: tuning.fastest(file, size, model.input_shape[1:]),
                agreement,
            )
    except OSError as error:
        raise EngineError(f"the cache folder {cache.folder} cannot be written ({error.strerror})") from error
    progress.current().say(
        f"{name}: in fast precision {agreement} get the same answer as in float32, and the network is "
        f"{agreement.speedup:.1f} times as fast"
    )
    return LiteRTEngine(entry.file, entry.parallelism)
