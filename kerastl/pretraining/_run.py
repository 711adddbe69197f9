"""A folder of images without labels -> a backbone's weights: the whole way, and on from where it was stopped."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras
from kerastl._progress import stage
from kerastl.data._views import Views
from kerastl.errors import StateError, TrainingError
from kerastl.images._input_size import InputSize
from kerastl.models import _weights as weights
from kerastl.models._registry import BACKBONES
from kerastl.pretraining import _outputs as outputs
from kerastl.pretraining._collection import Collection, Roles, assign_roles
from kerastl.pretraining._methods import METHODS
from kerastl.pretraining._settings import Settings
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._manifest import Entry, hashed
from kerastl.training._outputs import skipped_in_short
from kerastl.training._run_folder import RunFolder

if TYPE_CHECKING:
    import keras

    from kerastl.pretraining._pixels import Pixels
    from kerastl.pretraining._training import Training


@dataclass(frozen=True)
class PreTrained:
    """What `kerastl.pretrain` gives.

    Args:
        backbone: Raw RGB pixels `(n, h, w, 3)` in [0, 255] to a feature map.
        weights: The file that `kerastl finetune --weights` takes.
        history: One row an epoch, as in `history.csv`.
        description: What `pretraining.json` holds.
        folder: The run folder.
    """

    backbone: keras.Model
    weights: Path
    history: list[dict[str, Any]]
    description: dict[str, Any]
    folder: Path


@dataclass(frozen=True)
class ReadImages:
    """The images of a run, read once.

    Args:
        pixels: Of each that can be read.
        roles: What each is for.
        skipped: Those that cannot be read, by path, and why.
    """

    pixels: Pixels
    roles: Roles
    skipped: dict[str, str]


class Run:
    """One run in one folder.

    Args:
        folder: Opened.
        collection: The images.
        settings: What is wanted.
        callback: Hears what is done.
        callbacks: Of Keras.
    """

    def __init__(
        self,
        folder: RunFolder,
        collection: Collection,
        settings: Settings,
        callback: RunCallback,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        self._folder = folder
        self._collection = collection
        self._settings = settings
        self._callback = callback
        self._callbacks = callbacks
        self.stop = Stop()

    def go(self, state: dict[str, Any] | None, said: Names[str]) -> PreTrained:
        """Run from the start, or from a state; `said` names the settings that were asked for."""
        if state is not None:
            self._settings = self._settings.resumed(state["settings"], said)
        size = self._input_size()
        entries = self._manifest_entries()
        if state is not None:
            self._folder.manifest.check(entries, self._collection.root, state["images"])
        images = self._read(size)
        extra = {
            "settings": self._settings.as_dict(),
            "images": state["images"] if state else self._folder.manifest.write(entries),
            "views": state["views"] if state else Views.for_size(size).as_dict(),
        }
        with stage("building the networks"):
            training, backbone = self._build(images, size, extra)
        if state is not None:
            training.resume(state)
        else:
            self._folder.checkpoint.save(extra, {})
        ended = self._train(training, images.pixels)
        description = self._describe(training, images, size, complete=ended is None)
        folder, history = self._folder.path, training.state.history
        with stage("writing the weights and the figures"):
            outputs.write_all(folder, backbone, history, images.skipped, description)
        self._close(ended)
        return PreTrained(backbone, folder / outputs.WEIGHTS, history, description, folder)

    def _input_size(self) -> InputSize:
        """Height and width of the network's input; weights that cannot be had are refused before images are read."""
        row = BACKBONES[self._settings.model]
        size = self._settings.input_size or row.input_size
        if self._settings.weights == "imagenet":
            weights.fetch(row, include_top=False, input_size=size)
        return size

    def _manifest_entries(self) -> dict[str, Entry]:
        """What the run remembers of its images."""
        collection = self._collection
        contents = hashed([collection.root / path for path in collection.paths], self._callback, self.stop)
        return {
            path: Entry(collection.labels.get(path, ""), collection.parts.get(path, ""), content)
            for path, content in zip(collection.paths, contents, strict=True)
        }

    def _read(self, size: InputSize) -> ReadImages:
        from kerastl.pretraining._pixels import read_pixels

        paths, root = self._collection.paths, self._collection.root
        for warning in self._collection.warnings:
            self._callback.warn(warning)
        cache = FeatureCache(self._folder.features, self._settings.cache_limit)
        pixels = read_pixels([root / path for path in paths], size, cache, self._callback, self.stop)
        skipped = {paths[number]: reason for number, reason in pixels.problems.items()}
        roles = assign_roles(self._collection, skipped.keys(), self._settings.seed)
        say = f"{len(roles.trained):,} images to train on"
        if len(roles.held_out):
            say += f", {len(roles.held_out):,} held out to test neighbors ({self._collection.found})"
        self._callback.say(say)
        if skipped:
            self._callback.warn(f"{skipped_in_short(skipped)}; skipped")
        return ReadImages(pixels, roles, skipped)

    def _build(self, images: ReadImages, size: InputSize, extra: dict[str, Any]) -> tuple[Training, keras.Model]:
        set_seed = import_keras().utils.set_random_seed
        from kerastl.data._view_pipeline import ViewFeed
        from kerastl.models._build import build
        from kerastl.pretraining._evaluating import Examination
        from kerastl.pretraining._training import Training

        settings, pixels, roles = self._settings, images.pixels, images.roles
        set_seed(settings.seed)

        def backbone() -> keras.Model:
            return build(settings.model, weights=settings.weights, include_top=False, input_size=size)

        learner = METHODS[settings.method].learner_class().create(backbone, settings.width, settings.seed)
        feed = ViewFeed(
            lambda chosen: pixels.rows(roles.trained[chosen]),
            len(roles.trained),
            pixels.side,
            size,
            settings.batch_size,
            settings.seed,
            Views.from_dict(extra["views"]),
        )
        training = Training(
            learner,
            feed,
            Examination(pixels, roles, size, settings.seed),
            settings,
            self._folder.checkpoint,
            extra=extra,
            callback=self._callback,
            callbacks=self._callbacks,
            stop=self.stop,
        )
        return training, learner.backbone

    def _train(self, training: Training, pixels: Pixels) -> Stopped | TrainingError | None:
        """Train; return what ended it early, if something worth keeping has been reached by then."""
        try:
            training.run(lambda history: outputs.write_history(self._folder.path, history))
        except StateError:  # the network holds nothing yet
            raise
        except (Stopped, TrainingError) as reason:
            if not training.recover():
                raise
            return reason
        except Exception as error:
            if pixels.failure is None:
                raise
            raise pixels.failure from error
        return None

    def _describe(self, training: Training, images: ReadImages, size: InputSize, *, complete: bool) -> dict[str, Any]:
        """What `pretraining.json` holds."""
        settings, history = self._settings, training.state.history
        return {
            "backbone": settings.model,
            "size": size,
            "method": settings.method,
            "paper": METHODS[settings.method].paper,
            "settings": settings.as_dict(),
            "complete": complete,
            "images": len(images.roles.trained),
            "held_out": len(images.roles.held_out),
            "skipped": len(images.skipped),
            "seconds": round(sum(row["seconds"] for row in history), 3),
            "history": history,
        }

    def _close(self, ended: Stopped | TrainingError | None) -> None:
        """Tidy up after a complete run; say what ended another one."""
        if ended is None:
            self._folder.close(keep_features=False)
        elif isinstance(ended, TrainingError):
            raise type(ended)(f"{ended}. What was reached is in {self._folder.path}")
        else:
            raise ended
