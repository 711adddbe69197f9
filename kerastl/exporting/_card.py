"""The model card: what a model is for, how good it is, how it came about, what it cannot do, and how to use it.

Laid out as on the Hugging Face Hub (Mitchell et al. 2019, "Model Cards for Model Reporting"): Markdown behind a head in
YAML. Names of classes and models are written by people, and mean nothing to Markdown or YAML here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from shlex import join
from typing import TYPE_CHECKING, Any

from kerastl._base.text import percent, printable, shortened
from kerastl._version import __version__
from kerastl.exporting import _card_facts as facts
from kerastl.exporting._card_facts import Measured
from kerastl.exporting._examples import TEMPLATE, environment
from kerastl.exporting._format import ExportFormat
from kerastl.exporting._yaml import to_yaml
from kerastl.images import Resize
from kerastl.models._metadata import MODEL_FILE, Metadata
from kerastl.tasks._task import TASKS
from kerastl.tasks._words import WORDS

if TYPE_CHECKING:
    from kerastl.exporting._proof_result import Proof
    from kerastl.exporting._source import ExportSource

CARD_FILE = "MODEL_CARD.md"
UNKNOWN = "unknown"
# Formats whose files kerastl takes as models, the best to begin with first.
_LOADED = (
    "litert", "onnx", "openvino", "huggingface", "litert-fp16", "onnx-fp16", "litert-int8", "onnx-int8",
    "openvino-int8",
)  # fmt: skip
_CLASSES = 50
_NAMED = 20
_PARTS = {"train": "trained on", "val": "validated on", "test": "test"}
_LONGEST = 1_000


@dataclass(frozen=True)
class Use:
    """A way to use the model.

    Args:
        what: What it is for.
        language: Of the code.
        code: Some lines.
    """

    what: str
    language: str
    code: str


def card(
    source: ExportSource, proof: Proof | None = None, formats: Sequence[ExportFormat] = (), *, has_keras: bool = False
) -> str:
    """Write the card of a model.

    Args:
        source: The model.
        proof: How its exports compare with it; None where the card tells of none.
        formats: Those that stand beside the card.
        has_keras: Whether `model.keras` stands beside the card.
    """
    metadata = source.metadata
    measured = facts.measured(source)
    counts = facts.class_counts(source)
    backbone = facts.backbone_of(metadata)
    return environment().get_template(f"model_card.md{TEMPLATE}").render(
        head=to_yaml(_head(source, measured)),
        title=shortened(metadata.name, _LONGEST),
        purpose=_purpose(metadata),
        inputs=list(_inputs(metadata)),
        measured=[_row(one) for one in measured],
        published=_published(source),
        training=[shortened(line, _LONGEST) for line in facts.training_facts(metadata)],
        parts=[_PARTS[part] for part in next(iter(counts.values()), ())],
        classes=[[name, *map(str, parts.values())] for name, parts in islice(counts.items(), _CLASSES)],
        classes_left=f"{len(counts) - _CLASSES:,}" if len(counts) > _CLASSES else "",
        limits=[shortened(line, _LONGEST) for line in facts.limits(source)],
        uses=list(_uses(source, formats, has_keras)),
        files=list(_files(formats)),
        exports=[] if proof is None else proof.table(),
        exports_heads=[] if proof is None else proof.headings,
        exports_title="" if proof is None else proof.title,
        exports_notes=[] if proof is None else [*proof.intervals(), *proof.notes],
        license=_license(metadata, "" if backbone is None else backbone.license_source),
    )  # fmt: skip


def _head(source: ExportSource, measured: Sequence[Measured]) -> dict[str, Any]:
    """The metadata that the Hub reads: https://huggingface.co/docs/hub/model-cards."""
    metadata, kind = source.metadata, TASKS[source.metadata.task].kind
    backbone = facts.backbone_of(metadata)
    license_ = "" if backbone is None else backbone.license
    return {
        "license": license_.lower() or UNKNOWN,
        "library_name": "keras",
        "tags": ["keras", "kerastl", metadata.task, "image-regression" if kind == "number" else "image-classification"],
        # The Hub has no pipeline for numbers.
        "pipeline_tag": None if kind == "number" else "image-classification",
        "base_model": backbone.name if backbone is not None and facts.run_metrics(metadata) else None,
        "metrics": sorted({one.name for one in measured}),
        "model-index": [{"name": metadata.name, "results": _results(metadata, measured)}] if measured else None,
    }


def _results(metadata: Metadata, measured: Sequence[Measured]) -> list[dict[str, Any]]:
    return [
        {
            "task": {"type": "image-classification", "name": metadata.task},
            "dataset": {"type": "imagefolder", "name": on},
            "metrics": [
                {"type": one.name, "value": one.figure.value, "name": f"{one.label}{_interval(one, ' ({})')}"}
                for one in measured
                if one.on == on
            ],
        }
        for on in dict.fromkeys(one.on for one in measured)
    ]


def _interval(one: Measured, form: str = "{}") -> str:
    """Where a figure may lie, as text; nothing where that is not known."""
    if math.isnan(one.figure.low):
        return ""
    ends = f"{facts.shown(one, one.figure.low)} to {facts.shown(one, one.figure.high)}"
    return form.format(ends if form == "{}" else f"95 % interval {ends}")


def _row(one: Measured) -> list[str]:
    return [one.label, facts.shown(one, one.figure.value), _interval(one), f"{one.images:,} ({one.on})"]


def _purpose(metadata: Metadata) -> str:
    words = WORDS[metadata.task]
    origin = f", fine-tuned from {metadata.made_from}" if facts.run_metrics(metadata) else ""
    return (
        f"A Keras model that tells {words.counted(len(metadata.labels))} of an image{origin}. It is for images like "
        f"those it was trained on. Made with kerastl {__version__}."
    )


def _inputs(metadata: Metadata) -> Iterator[str]:
    words, reader = WORDS[metadata.task], metadata.reader
    if isinstance(reader, Resize):
        cut = (
            f" ({percent(reader.crop_fraction)} of the shorter side)"
            if reader.policy == "crop" and reader.crop_fraction < 1
            else ""
        )
        yield (
            f"In: RGB pixels from 0 to 255 of shape (n, {reader.height}, {reader.width}, 3); scaling is inside the "
            f"model. kerastl makes images fit by the policy {reader.policy}{cut}"
        )
    else:
        yield f"In: {reader.describe()}, uint8 of shape (n, {', '.join(map(str, reader.shape))})"
    what = "numbers" if TASKS[metadata.task].kind == "number" else "probabilities"
    yield f"Out: {what} of shape (n, {len(metadata.labels)}), in the order of labels.txt"
    yield shortened(words.listed(metadata.labels.names, _NAMED), _LONGEST)


def _published(source: ExportSource) -> str:
    backbone = facts.backbone_of(source.metadata)
    if facts.run_metrics(source.metadata) or backbone is None or backbone.top1 is None:
        return ""
    top5 = "" if backbone.top5 is None else f", top-5 {backbone.top5} %"
    return f"top-1 {backbone.top1} %{top5} ({backbone.source})"


def _license(metadata: Metadata, source: str) -> str:
    backbone = facts.backbone_of(metadata)
    if backbone is None or not backbone.license:
        # A network of the catalog may have weights of another origin.
        known = metadata.made_from != UNKNOWN and (backbone is not None or metadata.backbone is None)
        return f"The license of {f'the weights of {metadata.made_from}' if known else 'its weights'} is not known here"
    text = f"The published weights of {backbone.name} are under {backbone.license} ({source})"
    if facts.run_metrics(metadata):
        text += "; images it was trained on may ask for more: set the license that you give"
    return text


def _uses(source: ExportSource, formats: Sequence[ExportFormat], has_keras: bool) -> Iterator[Use]:
    metadata = source.metadata
    trust = metadata.needs_trust
    file = source.spec.weights_file
    model = _loaded_here(formats, has_keras)
    elsewhere = ", with the file that was exported" if not model and file.suffix == ".keras" else ""
    model = model or (file.name if elsewhere else metadata.name)
    command = join(["kerastl", "classify", "--model", model, *(["--trust-model"] if trust else []), "IMAGE"])
    yield Use(f"With kerastl, on the command line{elsewhere}", "sh", printable(command))
    load = f"kerastl.load({printable(model)!r}{', trust=True' if trust else ''})"
    yield Use(f"In Python{elsewhere}", "python", f'import kerastl\n\nprint({load}.classify("image.jpg"))')
    if has_keras or file.suffix == ".keras":
        name = MODEL_FILE if has_keras else printable(file.name)
        safe = ", safe_mode=False" if trust else ""
        yield Use(
            "In plain Keras" if has_keras else "In plain Keras, with the file that was exported",
            "python",
            f"import keras\n\nmodel = keras.saving.load_model({name!r}{safe})\n"
            "outputs = model.predict(pixels)  # float32 (n, height, width, 3), RGB, 0-255",
        )


def _loaded_here(formats: Sequence[ExportFormat], has_keras: bool) -> str:
    """What lies beside the card and can be given to kerastl as the model; empty where nothing can."""
    if has_keras:
        return "."
    usable = {each.name: each.filename for each in formats}
    return next((usable[name] for name in _LOADED if name in usable), "")


def _files(formats: Sequence[ExportFormat]) -> Iterator[str]:
    """The exported files, and what shows how they are used."""
    for each in formats:
        examples = ", ".join(template.removesuffix(TEMPLATE) for template in each.examples)
        yield f"{each.filename} ({each.name}): {each.description}" + (f"; see {examples}" if examples else "")
