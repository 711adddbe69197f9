"""Answer fast: the network compiled once, cached, and run without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.inference._engine_registry import ENGINES as ENGINES
    from kerastl.inference._engine_registry import EngineError as EngineError
    from kerastl.inference._engine_registry import EngineFactory as EngineFactory
    from kerastl.inference._engine_registry import register_engine as register_engine
    from kerastl.inference._engines import Engine as Engine
    from kerastl.inference._engines import KerasEngine as KerasEngine
    from kerastl.inference._engines import LiteRTEngine as LiteRTEngine
    from kerastl.inference._engines import Parallelism as Parallelism
    from kerastl.inference._onnx_engine import OnnxEngine as OnnxEngine
    from kerastl.inference._open import open_engine as open_engine
    from kerastl.inference._openvino_engine import OpenVINOEngine as OpenVINOEngine

_MODULES = {
    "ENGINES": "kerastl.inference._engine_registry",
    "Engine": "kerastl.inference._engines",
    "EngineError": "kerastl.inference._engine_registry",
    "EngineFactory": "kerastl.inference._engine_registry",
    "KerasEngine": "kerastl.inference._engines",
    "LiteRTEngine": "kerastl.inference._engines",
    "OnnxEngine": "kerastl.inference._onnx_engine",
    "OpenVINOEngine": "kerastl.inference._openvino_engine",
    "Parallelism": "kerastl.inference._engines",
    "open_engine": "kerastl.inference._open",
    "register_engine": "kerastl.inference._engine_registry",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
