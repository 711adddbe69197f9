"""The backbones by name: those of `keras.applications`, `kerastl_mini`, and what other packages add.

Nothing here imports TensorFlow or Keras, and a row is made when it is asked for, so that looking one up costs next
to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from kerastl._base.registry import Registry
from kerastl.models._backbone import Backbone, Stage, WeightsFile
from kerastl.models._families import FAMILIES
from kerastl.models._hashes import HASHES
from kerastl.models._rows import EXCEPTIONS, ROWS

_PACKAGE = Path(__file__).parent


def register(backbone: Backbone, *, replace: bool = False) -> Backbone:
    """Add a backbone for as long as this process runs: its name stands wherever one of the catalog does.

    A package adds one for good by an entry point of the group `kerastl.backbones` that names a `Backbone`.

    Args:
        backbone: Its name holds letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `backbone`.

    Raises:
        UsageError: It is no `Backbone`, or there is one of that name.

    Example:
        >>> from dataclasses import replace
        >>> from kerastl.models import BACKBONES, register
        >>> ours = register(replace(BACKBONES["kerastl_mini"], name="our_network"))
        >>> BACKBONES["our_network"].input_size
        32
    """
    return BACKBONES.register(backbone, replace=replace)


def _of_row(row: tuple[Any, ...]) -> Backbone:
    name, family_name, constructor, arguments, size, parameters, no_top, top1, top5, stem = row
    facts = {**FAMILIES[family_name], **EXCEPTIONS.get(name, {})}
    fraction, reason = facts["crop"]
    library = facts.get("library", "keras.applications")
    module = facts.get("module", stem if family_name == "vgg" else family_name)
    return Backbone(
        name=name,
        builder=f"{library}:{constructor}",
        input_size=size,
        stages=_stages(name, facts),
        input_scaling=facts["input_scaling"],
        arguments=MappingProxyType(arguments),
        min_size=facts.get("min_size", 32),
        crop_fraction=fraction or size / (size + 32),
        crop_reason=reason,
        weights=_weights_file(facts, stem, 0, parameters),
        weights_no_top=_weights_file(facts, stem, 1, parameters if "bundled" in facts else no_top),
        weight_sizes=facts.get("weight_sizes", ()),
        after_loading=facts.get("after_loading"),
        labels=facts.get("labels", "imagenet"),
        parameters=parameters,
        top1=top1,
        top5=top5,
        source=facts["source"],
        license=facts["license"][0],
        license_source=facts["license"][1],
        flattens=facts.get("flattens", False),
        taps=facts.get("taps", ()),
        preprocess_input=f"{library}.{module}:preprocess_input" if library == "keras.applications" else None,
    )


def _weights_file(facts: Mapping[str, Any], stem: str, which: Literal[0, 1], parameters: int) -> WeightsFile:
    file = facts["files"][which].format(stem=stem)
    if "bundled" in facts:
        return WeightsFile(file, "", None, parameters, _PACKAGE / facts["bundled"] / file)
    remote = facts.get("remote", facts["files"])[which].format(stem=stem)
    return WeightsFile(file, facts["url"].format(stem=stem) + remote, HASHES.get(file), parameters)


def _stages(name: str, facts: Mapping[str, Any]) -> tuple[Stage, ...]:
    """The family's stages with the row's own boundaries put in above the stage that each splits."""
    starts = list(facts["stages"].items())
    # A further boundary stands above the stage that it continues: conv4_block13 above conv4, block7 above block6.
    for extra, start in facts.get("more_stages", {}).items():
        below = [i for i, (stage, _) in enumerate(starts) if extra.startswith(stage)]
        starts.insert(below[0] if below else 1, (extra, start))
    stages = []
    for stage, start in starts:
        how, _, layer = start.format(name=name).partition(" ")
        stages.append(Stage(stage, layer if how == "at" else None, layer if how == "after" else None))
    return tuple(stages)


BACKBONES: Registry[Backbone] = Registry(
    "model",
    "kerastl.backbones",
    Backbone,
    {row[0]: partial(_of_row, row) for row in ROWS},
    hint="`kerastl models` lists all",
)
"""Family by family, smaller before larger; then those of other packages (entry points of `kerastl.backbones`).

Example:
    >>> from kerastl.models import BACKBONES
    >>> BACKBONES["mobilenet_v2"].input_size, BACKBONES["mobilenet_v2"].stages[1].name
    (224, 'block_16')
    >>> min(BACKBONES.values(), key=lambda backbone: backbone.parameters).name
    'mobilenet_025'
"""
