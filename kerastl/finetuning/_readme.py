"""The README of a run of fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import Any

from kerastl._base.text import printable
from kerastl.calibration._temperature import is_calibrated
from kerastl.finetuning._answer_facts import answer_facts
from kerastl.finetuning._folder import HEAD_SUMS, JOURNAL, KEPT_FEATURES, LEAVE_ONE_OUT, SPLIT
from kerastl.finetuning._kept_classes import fared
from kerastl.finetuning._outcome import caveat, choice_made, chosen_among, headline, reached, tells
from kerastl.finetuning._outputs import METRICS
from kerastl.finetuning._search_results import SEARCH
from kerastl.models._metadata import MEMBER, MODEL_FILE, Metadata
from kerastl.tasks._task import REGRESSION, TASKS
from kerastl.tasks._words import WORDS
from kerastl.training import _outputs as outputs
from kerastl.training._readme import UNDER_WAY, write_readme

_FILES = {
    MODEL_FILE: "the model: raw RGB pixels 0-255 to probabilities; plain Keras loads it, kerastl also finds the class "
    "names and the resizing in it",
    MEMBER: "class names, resizing, recipe and settings, as they are in the model, to read",
    METRICS: "how good it is on images that it has not seen, and what each phase of training brought",
    SPLIT: "which image was trained on and which validated",
    **outputs.FILES,
}
_LEFT_OUT = {
    LEAVE_ONE_OUT: "what the head says of each training image when it is solved without it; kerastl evaluate reads it",
}
_KEPT_FEATURES = {
    KEPT_FEATURES: "the features that the head was solved on: kerastl add-class, relabel and forget change "
    "them, kerastl finetune --keep-classes goes on from them",
}
_SUMS = {HEAD_SUMS: "what makes such changes quick; it is computed again where it is not there"}
_CHANGED = {
    JOURNAL: "which images were learnt, relabeled and forgotten since, by the beginning of their content hashes",
}
_SEARCHED = {SEARCH: "which networks there were to choose among, and how good the features of each are"}
_KEPT = {"features/": "what the frozen part of the network gives for each image"}
_CLASSES = 20
_SCORES = {**dict.fromkeys(TASKS.bundled, "The scores are"), REGRESSION: "The intervals are"}


@dataclass(frozen=True)
class ReadMe:
    """Says what a run folder holds.

    Args:
        metadata: Of the model.
        metrics: What `metrics.json` holds.
        data: Where the images lie.
        keep_features: Whether the features stay.
    """

    metadata: Metadata
    metrics: Mapping[str, Any]
    data: str
    keep_features: bool

    def write(self, folder: Path) -> None:
        """Write it; of the other files only `metrics.json` may be missing."""
        complete = self.metrics["complete"]
        files = dict(_FILES) | ({} if complete else UNDER_WAY)
        if "loo_loss" in self.metrics:
            files |= _LEFT_OUT
        if (folder / KEPT_FEATURES).is_file():
            files |= _KEPT_FEATURES
        if (folder / HEAD_SUMS).is_file():
            files |= _SUMS
        if (folder / JOURNAL).is_file():
            files |= _CHANGED
        if self.metrics.get("search") is not None:
            files |= _SEARCHED
        if self.keep_features or not complete:
            files |= _KEPT
        origin = printable(self.metadata.made_from)
        title = f"{self.metadata.name}: {tells(self.metrics)}, made from {origin}"
        write_readme(folder, title, self._facts(), self._uses(folder), files, coming=(METRICS,))

    def _facts(self) -> list[str]:
        metrics, metadata = self.metrics, self.metadata
        choice, solved = choice_made(metrics), "loo_loss" in metrics
        kept = metrics.get("kept_classes")
        earlier = "" if kept is None else f" ({kept['new_images']:,}) and of {printable(kept['model'])}"
        both = solved and headline(metrics) == "val"
        return [
            ": ".join(filter(None, [reached(metrics), caveat(metrics)])) + ".",
            *([f"Likewise {reached(metrics, 'loo')}."] if both else []),
            *([f"Kept: {choice}."] if choice else []),
            *([f"{chosen[0].upper()}{chosen[1:]}."] if (chosen := chosen_among(metrics)) else []),
            *(f"Warning: {warning}" for warning in metrics.get("warnings", ())),
            *([] if metrics["complete"] else ["Training was stopped early."]),
            *([f"Kept: {text}."] if kept is not None and (text := fared(kept)) else []),
            f"Images: {metrics['train_images']:,} trained on, of {self.data}{earlier}.",
            f"Recipe: {metrics['recipe']}; settings and versions are in {MEMBER}.",
            WORDS[metadata.task].listed(metadata.labels.names, _CLASSES),
            *(f"{fact[0].upper()}{fact[1:]}." for fact in answer_facts(metadata)),
            *(
                [f"Numbers of more than 8 bits: {white} is white."]
                if (white := self.metadata.resize.white_level)
                else []
            ),
            f"{_SCORES[metadata.task]} calibrated by leave-one-out."
            if solved
            else f"{_SCORES[metadata.task]} not calibrated until kerastl calibrate has seen the model.",
        ]

    def _uses(self, folder: Path) -> dict[str, str]:
        run, resize = str(folder), self.metadata.resize
        plain = f"In plain Keras, on images of {resize.width} x {resize.height} pixels (kerastl: `{resize.policy}`)"
        trust = self.metadata.needs_trust
        load = f"classifier = kerastl.load({run!r}{', trust=True' if trust else ''})"
        trusted = ["--trust-model"] if trust else []
        return {
            "On the command line": "\n".join(
                [
                    join(["kerastl", "classify", "--model", run, *trusted, "IMAGE"]),
                    join(["kerastl", "evaluate", run, self.data, *trusted]),
                    *(
                        []
                        if is_calibrated(self.metadata)
                        else [join(["kerastl", "calibrate", run, self.data, *trusted])]
                    ),
                    join(["kerastl", "export", run, "--to", "litert", *trusted]),
                ]
            ),
            "In Python": f"import kerastl\n\n{load}\nprint(classifier.classify('image.jpg'))",
            plain: (
                f"import keras\n\nmodel = keras.saving.load_model({printable(f'{run}/{MODEL_FILE}')!r})\n"
                "probabilities = model.predict(pixels)  # (n, height, width, 3), RGB, 0-255"
            ),
        }
