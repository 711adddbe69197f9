"""The run whose classes are kept: what may be asked of one that goes on from it, and how it reads its data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.text import listed, printable
from kerastl.data import Dataset
from kerastl.data._layouts.class_folders import CLASS_FOLDERS
from kerastl.data._layouts.class_names import refuse_names
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._scan import scan_as
from kerastl.errors import DataError, ModelError, UsageError
from kerastl.finetuning._folder import KEPT_FEATURES
from kerastl.finetuning._kept_features import TASKS_KEPT, WITHOUT_THEM, KeptFeatures
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._recipe_registry import RECIPES
from kerastl.finetuning._settings import Settings
from kerastl.models import _metadata as metadata_file
from kerastl.models._metadata import Metadata

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._base_model import Built

# What is said of the network, which has to stay as it is.
_OF_NETWORK = ("input_size", "resize", "input_scaling", "stages", "pooling")


@dataclass(frozen=True)
class EarlierRun:
    """A run whose features lie beside its model.

    Args:
        file: The model.
        metadata: Of the model.
    """

    file: Path
    metadata: Metadata

    @classmethod
    def of(cls, path: Path) -> EarlierRun:
        """The run in a folder, or of a model's file.

        Raises:
            ModelError: The model is not there, broken, or not of kerastl.
        """
        file = metadata_file.find(path)
        return cls(file, metadata_file.read_metadata(file))

    @property
    def features(self) -> Path:
        """The file with the features."""
        return self.file.parent / KEPT_FEATURES

    @property
    def class_folders(self) -> str | None:
        """Which of nested folders its classes are; None where nothing says so."""
        stored = self.metadata.extra.get(metadata_file.CLASS_FOLDERS)
        return stored if stored in CLASS_FOLDERS else None

    def read_features(self) -> KeptFeatures:
        """Read them.

        Raises:
            ModelError: They are broken, or belong to another model.
        """
        kept = KeptFeatures.read(self.features)
        if kept.classes != tuple(self.metadata.labels.names):
            raise ModelError(f"{printable(str(self.features))}: it is not of the model beside it; {WITHOUT_THEM}")
        return kept

    def recipe(self, wanted: str | Recipe) -> Recipe:
        """The recipe of a run that goes on: one solution for the head, on what the head of this run reads.

        Raises:
            UsageError: Another one is asked for.
        """
        if wanted in ("auto", "probe"):
            stored: Any = self.metadata.extra.get("recipe")
            features = stored.get("features") if isinstance(stored, dict) else None
            why = "only the head, solved on the images of the earlier run and the new ones"
            return replace(RECIPES["probe"](), why=why, features="last" if features == "last" else "deep")
        phases = wanted.phases if isinstance(wanted, Recipe) else ()
        if len(phases) != 1 or phases[0].solver != "ridge" or phases[0].augmentation is not None:
            name = wanted.name if isinstance(wanted, Recipe) else wanted
            raise UsageError(
                "keep_classes solves the head as recipe probe does: others train on images, and those of the earlier "
                f"run are not here. Received: recipe={printable(name)!r}"
            )
        assert isinstance(wanted, Recipe)  # noqa: S101 - which has phases
        return wanted


def earlier_run(given: keras.Model | Path | None, wanted: Settings) -> EarlierRun:
    """Find the run that one with `keep_classes` goes on from.

    Args:
        given: The model to start from, as `given_model` gives it.
        wanted: By the run.

    Raises:
        UsageError: It is none, has kept nothing, or something is asked for that cannot be.
        ModelError: Its model is broken.
    """
    if not isinstance(given, Path):
        raise UsageError(
            f"keep_classes goes on from a run of kerastl finetune, whose folder is the model (--model RUN). Received: "
            f"model={printable(wanted.model)!r}"
        )
    for name in _OF_NETWORK:
        if (value := getattr(wanted, name)) is not None:
            raise UsageError(f"keep_classes leaves the network as it is. Received: {name}={value!r}")
    found, shown = EarlierRun.of(given), printable(str(given))
    if found.metadata.task not in TASKS_KEPT:
        raise UsageError(f"keep_classes is for task {listed(TASKS_KEPT)}; {shown} is of task {found.metadata.task!r}")
    if not found.features.is_file():
        raise UsageError(
            f"{shown} has no {KEPT_FEATURES}, which runs have whose head was solved and nothing else trained (recipe "
            f"probe), from this version on: {WITHOUT_THEM}"
        )
    return found


def scan_new(data: Any, columns: TableColumns, class_folders: str | None) -> Dataset:
    """Scan images that are added to those of an earlier run: one class is enough.

    Args:
        data: As for `kerastl.data.scan`.
        columns: How it is to be read.
        class_folders: Which of nested folders the classes of the earlier run are.

    Raises:
        DataError: As `kerastl.data.scan` does, or the images are not of one class each.
    """
    dataset = scan_as(data, columns, for_training=False, usual=class_folders)
    if dataset.task not in TASKS_KEPT:
        raise DataError(
            f"{dataset.root}: its labels are for task {dataset.task!r}; keep_classes is for {TASKS_KEPT[0]}"
        )
    if len(dataset.classes) > 1:
        return scan_as(data, columns, usual=class_folders)
    refuse_names(str(dataset.root), dataset.classes)
    return dataset


def check_network(built: Built, recipe: Recipe, kept: KeptFeatures) -> None:
    """Refuse features that other layers have made than those that a head reads now.

    Raises:
        UsageError: That is so.
    """
    from kerastl.finetuning._network import split_network
    from kerastl.training._feature_cache import weights_digest

    network = built.with_head(len(kept.classes), recipe, 0)
    lower, _ = split_network(network, recipe.phases[0].trained_stages(tuple(network.stages)))
    if lower is None or weights_digest(lower) != kept.network:
        raise UsageError(
            f"the features in {KEPT_FEATURES} are not those that a head of recipe {printable(recipe.name)} reads: take "
            f"recipe auto, or {WITHOUT_THEM}"
        )


def added_images(
    data: Any,
    columns: TableColumns,
    recipe: str | Recipe,
    base: keras.Model | Path | None,
    wanted: Settings,
    resume: bool,
) -> tuple[Dataset, str | Recipe]:
    """The images that are added to those of an earlier run, and the recipe."""
    if resume:  # the run folder holds what it goes on from, which may be gone
        known = EarlierRun.of(base).class_folders if isinstance(base, Path) and base.exists() else None
        return scan_new(data, columns, known), recipe
    earlier = earlier_run(base, wanted)
    return scan_new(data, columns, earlier.class_folders), earlier.recipe(recipe)
