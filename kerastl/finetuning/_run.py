"""A folder of labeled images -> a classifier: the whole way, and on from where it was stopped."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.scratch import temporary_folder
from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.data._split import write_split
from kerastl.errors import StateError, TrainingError, UsageError
from kerastl.finetuning._base_model import BaseModel, Built, from_catalog, keep_rows, known_images, left_classes, stored
from kerastl.finetuning._budget import Budget, described
from kerastl.finetuning._diagnosis import NothingLearntError
from kerastl.finetuning._earlier_run import check_network, earlier_run
from kerastl.finetuning._folder import FineTuningFolder
from kerastl.finetuning._given_model import adopted, identity, still_there
from kerastl.finetuning._joined_images import JoinedImages, join_images
from kerastl.finetuning._kept_classes import kept_classes
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._outputs import write_history
from kerastl.finetuning._prepared import Prepared
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._recipes import find_recipe, needs_validation, read_recipe
from kerastl.finetuning._report import Report
from kerastl.finetuning._result import FineTuned
from kerastl.finetuning._search_results import search_summary
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import (
    SplitData,
    found_again,
    inspect_dataset,
    manifest_entries,
    open_dataset,
    reopen_dataset,
    split_dataset,
)
from kerastl.finetuning._training_data import prefetch_images, training_data
from kerastl.images import Resize
from kerastl.inference._seal import sha256
from kerastl.models import _weights as weights
from kerastl.models._registry import BACKBONES
from kerastl.tasks._task import CLASSIFICATION, TASKS
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._state import STATE

if TYPE_CHECKING:
    import keras

    from kerastl.data import Dataset, Inspection
    from kerastl.data._prefetch import PrefetchedImages
    from kerastl.finetuning._features import FeatureComputer
    from kerastl.finetuning._network import Network
    from kerastl.finetuning._training import Training
    from kerastl.finetuning._training_data import TrainingData


class Run:
    """One run in one folder.

    Args:
        folder: Opened.
        settings: What is wanted.
        callback: Hears what is done.
        callbacks: Of Keras.
        model: What to start from, where that is not a network of the catalog, which `settings` name.
        trust: Whether a file with a model may hold what runs code when it is loaded.
        started: When the time of the run began, by `time.monotonic`; None is now.
    """

    def __init__(
        self,
        folder: FineTuningFolder,
        settings: Settings,
        callback: RunCallback,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        model: keras.Model | Path | None = None,
        *,
        trust: bool = False,
        started: float | None = None,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._callback = callback
        self._callbacks = callbacks
        self._given = model
        self._trust = trust
        self._start = time.monotonic() if started is None else started
        self._prefetched: PrefetchedImages | None = None
        self.stop = Stop()

    def begin(self, data: str | os.PathLike[str] | Dataset, recipe: str | os.PathLike[str] | Recipe) -> FineTuned:
        """Run from the start."""
        with ExitStack() as stack:
            base, kept = self._base_model(stack), None
            if self._settings.keep_classes:
                earlier = earlier_run(self._given, self._settings)
                recipe, kept = earlier.recipe(read_recipe(recipe)), earlier.read_features()
            known = () if kept is None else kept.classes
            dataset = open_dataset(data, self._callback, known)
            self._settings.check_task(TASKS[dataset.task])
            needed = needs_validation(recipe)
            with ThreadPoolExecutor(1, "kerastl-split") as pool:
                # Reading all images once and importing Keras take seconds each, and mostly different cores.
                splitting = pool.submit(self._read, dataset, base.resize, needed, known)
                built = base.build(self._settings)
                inspection, parts = splitting.result()
            chosen = find_recipe(recipe, parts.dataset, ("head", *built.stages), self._settings.overrides)
            if needed and not chosen.needs_validation:  # as where `auto` has chosen
                parts = split_dataset(dataset, inspection, self._settings, RunCallback(), needed=False)
            if parts.all_train:
                self._callback.say(
                    f"all {len(parts.dataset.items):,} images train: leave-one-out tells how good that is; "
                    "--validation-split holds some back"
                )
            if kept is not None:
                parts = parts.with_classes(known)
                check_network(built, chosen, kept)
                self._folder.keep_earlier_features(earlier.features)
            else:
                self._tell_of_base(base, built, parts)
            write_split(parts.dataset, self._folder.split, groups=parts.groups)
            if base.file is not None:
                base = dataclasses.replace(base, file=self._folder.keep_base_model(base.file))
        refits = not (dataset.is_split or parts.all_train) and self._settings.held_back(needed=False) is None
        extra = self._record(base, parts, chosen, kept, refits=refits)
        extra["images"] = self._folder.manifest.write(manifest_entries(dataset, parts.contents))
        self._folder.checkpoint.save(extra, {})
        return self._train(Prepared(base, built, parts, chosen, extra, refits=refits, kept=kept))

    def _tell_of_base(self, base: BaseModel, built: Built, parts: SplitData) -> None:
        """Say which images the model to start from knows, and which of its classes are left."""
        for warning in known_images(base, parts):
            self._callback.warn(warning)
        for line in left_classes(base, built, parts.dataset.classes):
            self._callback.say(line)

    def _record(
        self, base: BaseModel, parts: SplitData, chosen: Recipe, kept: KeptFeatures | None, *, refits: bool
    ) -> dict[str, Any]:
        """What a run that goes on has to know of how it began."""
        return {
            "settings": self._settings.as_dict(),
            "base_model": base.record,
            "recipe": chosen.as_dict(),
            "classes": list(parts.dataset.classes),
            "task": parts.dataset.task,
            "skipped": parts.skipped,
            "data_fingerprint": parts.fingerprint,
            "split": sha256(self._folder.split),
            "white_level": parts.white_level,
            "refits": refits,
            "earlier_features": None if kept is None else sha256(self._folder.earlier_features),
        }

    def _base_model(self, stack: ExitStack) -> BaseModel:
        """What the run starts from; what fails should fail before images are read."""
        settings = self._settings
        if self._given is not None:
            scratch = stack.enter_context(temporary_folder())
            base = adopted(self._given, settings, scratch, trust=self._trust)
            for line in base.findings:
                self._callback.say(line)
            return base
        if settings.weights == "imagenet":
            weights.fetch(BACKBONES[settings.model], include_top=False, input_size=settings.input_size)
        return from_catalog(settings)

    def _read(
        self, dataset: Dataset, resize: Resize, needed: bool, earlier: Sequence[str]
    ) -> tuple[Inspection, SplitData]:
        inspection = inspect_dataset(dataset, self._settings, self._callback, self.stop)
        parts = split_dataset(dataset, inspection, self._settings, self._callback, needed=needed, earlier=earlier)
        self._prefetched = prefetch_images(training_data(parts, resize, self._settings), self._folder.path)
        return inspection, parts

    def close(self) -> None:
        """End what is still under way."""
        if self._prefetched is not None:
            self._prefetched.close()

    def go_on(
        self, data: str | os.PathLike[str] | Dataset, recipe: str | os.PathLike[str] | Recipe, said: Collection[str]
    ) -> FineTuned:
        """Run from the state in the folder; `said` names the settings that were asked for."""
        state = self._folder.checkpoint.load()
        assert state is not None  # noqa: S101 - `FineTuningFolder.open` has seen it
        self._settings = self._settings.resumed(state["settings"], said)
        root, contents = found_again(data, self._folder.manifest, state, self._callback, self.stop)
        task = state.get("task", CLASSIFICATION)
        dataset, groups = reopen_dataset(self._folder.original_split, root, state["classes"], state.get("split"), task)
        base = self._begun_with(state)
        built = base.build(self._settings)
        white = state.get("white_level")
        parts = SplitData(dataset, state["skipped"], state["data_fingerprint"], contents, white, groups)
        chosen = Recipe.from_dict(state["recipe"])
        if recipe != "auto":
            asked = find_recipe(recipe, dataset, ("head", *built.stages), self._settings.overrides)
            if asked.phases != chosen.phases:
                raise UsageError(
                    f"the run was begun with recipe {printable(chosen.name)} and cannot go on with another: "
                    f"{printable(asked.name)}"
                )
        extra = {name: value for name, value in state.items() if name != STATE}
        refits, kept = bool(state.get("refits")), self._earlier_features(state)
        return self._train(Prepared(base, built, parts, chosen, extra, state, refits, kept))

    def _earlier_features(self, state: Mapping[str, Any]) -> KeptFeatures | None:
        """The features that the run began with; None where there were none."""
        if (written := state.get("earlier_features")) is None:
            return None
        file = self._folder.earlier_features
        if not file.is_file() or sha256(file) != written:
            raise StateError(f"{printable(str(file))} is not what the run began with; --overwrite starts anew")
        return KeptFeatures.read(file)

    def _begun_with(self, state: Mapping[str, Any]) -> BaseModel:
        """What the run began with; refuses another model that is given now."""
        record = state.get("base_model")
        if record is None:
            return from_catalog(self._settings)
        base = stored(record, self._folder.base_model, trust=self._trust)
        if self._given is not None and still_there(self._given) and identity(self._given) != record["given"]:
            raise UsageError(f"the run was begun with another model: {base.name}; --overwrite starts anew")
        return base

    def _train(self, prepared: Prepared) -> FineTuned:
        settings, parts, recipe = self._settings, prepared.parts, prepared.recipe
        self._callback.say(f"recipe {recipe.name}: {recipe.why}" if recipe.why else f"recipe {recipe.name}")
        network = self._network(prepared)
        images, whole = (training_data(each, prepared.base.resize, settings) for each in (parts, parts.all_training()))
        joined = None if prepared.kept is None else join_images(prepared.kept, images)
        features = self._feature_computer(images, joined)
        if joined is not None:
            images = joined.data
            self._callback.say(joined.described(prepared.base.name))
        budget = Budget(settings.budget, self._start)
        training = self._training(prepared, network, (images, whole), features, budget)
        earlier = sum(training.state.seconds)
        ended = self._run(training, network.model)
        if training.state.refitted:
            parts, images = parts.all_training(), whole
            self._folder.replace_split(parts.dataset, parts.groups)
        report = Report(self._folder.path, settings, recipe, parts, images, tuple(network.stages), prepared.base)
        seconds = earlier + time.monotonic() - self._start
        metrics = report.metrics(training.state, features.skipped.reasons, seconds, stopped=ended is not None)
        metrics["budget"] = described(budget, training.state.plan)
        metrics["search"] = search_summary(self._folder.path)
        left_out = training.left_out()
        if joined is not None:
            metrics["kept_classes"] = kept_classes(prepared.base.name, joined, left_out)
        with stage("writing the model and the figures"):
            model = network.model if settings.precision == "float32" else self._in_float32(network.model, prepared)
            self._folder.publish_features(left_out is not None)
            metadata = report.write(model, training.state, features.skipped.reasons, metrics, left_out)
        self._close(ended)
        return FineTuned(model, metadata, metrics, training.state.history, self._folder.path, ended is not None)

    def _network(self, prepared: Prepared) -> Network:
        """The network with a new head, whose rows are those of the old one where the classes are the same."""
        built, classes = prepared.built, prepared.parts.dataset.classes
        network = prepared.network(built, self._settings.seed)
        if built.classifier is not None:
            self._callback.say(keep_rows(network, built.classifier, classes))
        return network

    def _training(
        self,
        prepared: Prepared,
        network: Network,
        images: tuple[TrainingData, TrainingData],
        features: FeatureComputer,
        budget: Budget,
    ) -> Training:
        """The training of the recipe, as far as it has come; `images` are in their parts, and all to train on."""
        from kerastl.finetuning._training import Training

        training = Training(
            network,
            prepared.recipe,
            images[0],
            features,
            self._folder.checkpoint,
            seed=self._settings.seed,
            extra=prepared.extra,
            callback=self._callback,
            callbacks=self._callbacks,
            stop=self.stop,
            budget=budget,
            whole=images[1] if prepared.refits else None,
        )
        if prepared.state is not None:
            training.resume(prepared.state)
        return training

    def _feature_computer(self, images: TrainingData, joined: JoinedImages | None) -> FeatureComputer:
        from kerastl.finetuning._features import FeatureComputer
        from kerastl.finetuning._joined_features import JoinedFeatureComputer

        prefetched = self._prefetched
        return (FeatureComputer if joined is None else partial(JoinedFeatureComputer, joined))(
            images,
            FeatureCache(self._folder.features, self._settings.cache_limit),
            keep_features=self._settings.keep_features,
            callback=self._callback,
            stop=self.stop,
            prefetched=prefetched if prefetched is not None and prefetched.reader == images.reader else None,
        )

    def _run(self, training: Training, model: keras.Model) -> Stopped | TrainingError | None:
        """Train, and say what is doubtful; return what ended it early, if something has been reached by then."""
        from kerastl.training._variables import check_finite

        ended = None
        try:
            training.run(partial(write_history, self._folder.path, training.task))
        except StateError:  # the network holds nothing yet
            raise
        except (Stopped, TrainingError) as reason:
            if training.state.best is None or isinstance(reason, NothingLearntError):
                raise
            ended = reason
        check_finite(model)
        for warning in training.state.warnings:
            self._callback.warn(warning)
        return ended

    def _close(self, stopped: Stopped | TrainingError | None) -> None:
        if stopped is None:
            self._folder.close(keep_features=self._settings.keep_features)
        elif isinstance(stopped, TrainingError):
            raise TrainingError(f"{stopped}. The best so far is in {self._folder.path}")

    def _in_float32(self, model: keras.Model, prepared: Prepared) -> keras.Model:
        """The same network with the same weights, all in float32."""
        built = prepared.base.build(dataclasses.replace(self._settings, precision="float32", weights=None))
        plain = prepared.network(built, self._settings.seed).model
        plain.set_weights(model.get_weights())
        return plain
