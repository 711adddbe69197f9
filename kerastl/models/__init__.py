"""Networks: the catalog, building them with their weights, and what a saved model knows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.models._adapt import Adapted as Adapted
    from kerastl.models._adapt import adapt as adapt
    from kerastl.models._backbone import Backbone as Backbone
    from kerastl.models._backbone import Stage as Stage
    from kerastl.models._backbone import WeightsFile as WeightsFile
    from kerastl.models._build import boundary_tensors as boundary_tensors
    from kerastl.models._build import build as build
    from kerastl.models._build import preprocess as preprocess
    from kerastl.models._build import stages as stages
    from kerastl.models._deep_features import deep_features as deep_features
    from kerastl.models._deep_features import find_taps as find_taps
    from kerastl.models._graph import features as features
    from kerastl.models._graph import last_feature_map as last_feature_map
    from kerastl.models._graph import logits as logits
    from kerastl.models._graph import split_graph as split_graph
    from kerastl.models._hierarchy import Hierarchy as Hierarchy
    from kerastl.models._input_reader import INPUT_KINDS as INPUT_KINDS
    from kerastl.models._input_reader import InputKind as InputKind
    from kerastl.models._input_reader import InputReader as InputReader
    from kerastl.models._input_reader import register_input_kind as register_input_kind
    from kerastl.models._labels import Classification as Classification
    from kerastl.models._labels import Classifications as Classifications
    from kerastl.models._labels import LabelSet as LabelSet
    from kerastl.models._labels import Prediction as Prediction
    from kerastl.models._labels import decode as decode
    from kerastl.models._metadata import Metadata as Metadata
    from kerastl.models._metadata import embed_metadata as embed_metadata
    from kerastl.models._metadata import read_metadata as read_metadata
    from kerastl.models._number import NumberPrediction as NumberPrediction
    from kerastl.models._registry import BACKBONES as BACKBONES
    from kerastl.models._registry import register as register
    from kerastl.models._spec import ModelSpec as ModelSpec
    from kerastl.models._spec import resolve as resolve
    from kerastl.models._sure import SureAnswer as SureAnswer
    from kerastl.models._table import list_models as list_models
    from kerastl.models._weights import cached_weights as cached_weights
    from kerastl.models._weights import imagenet_class_index as imagenet_class_index

_MODULES = {
    "Adapted": "kerastl.models._adapt",
    "BACKBONES": "kerastl.models._registry",
    "Backbone": "kerastl.models._backbone",
    "Classification": "kerastl.models._labels",
    "Classifications": "kerastl.models._labels",
    "Hierarchy": "kerastl.models._hierarchy",
    "INPUT_KINDS": "kerastl.models._input_reader",
    "InputKind": "kerastl.models._input_reader",
    "InputReader": "kerastl.models._input_reader",
    "LabelSet": "kerastl.models._labels",
    "Metadata": "kerastl.models._metadata",
    "ModelSpec": "kerastl.models._spec",
    "NumberPrediction": "kerastl.models._number",
    "Prediction": "kerastl.models._labels",
    "Stage": "kerastl.models._backbone",
    "SureAnswer": "kerastl.models._sure",
    "WeightsFile": "kerastl.models._backbone",
    "adapt": "kerastl.models._adapt",
    "boundary_tensors": "kerastl.models._build",
    "build": "kerastl.models._build",
    "cached_weights": "kerastl.models._weights",
    "decode": "kerastl.models._labels",
    "deep_features": "kerastl.models._deep_features",
    "embed_metadata": "kerastl.models._metadata",
    "features": "kerastl.models._graph",
    "find_taps": "kerastl.models._deep_features",
    "imagenet_class_index": "kerastl.models._weights",
    "last_feature_map": "kerastl.models._graph",
    "list_models": "kerastl.models._table",
    "logits": "kerastl.models._graph",
    "preprocess": "kerastl.models._build",
    "read_metadata": "kerastl.models._metadata",
    "register": "kerastl.models._registry",
    "register_input_kind": "kerastl.models._input_reader",
    "resolve": "kerastl.models._spec",
    "split_graph": "kerastl.models._graph",
    "stages": "kerastl.models._build",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
