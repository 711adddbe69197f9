"""The classifier: images in, classes out, whatever the network behind it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, overload

from kerastl import _classifier_display as shown
from kerastl import _image_groups as groups
from kerastl import _inputs as inputs
from kerastl import _tta as test_time
from kerastl._base.text import printable
from kerastl._classify_options import ClassifyOptions, OnError, check_options
from kerastl._network_outputs import NetworkOutputs, identity
from kerastl._progress import stage
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._apply import answer_rules
from kerastl.errors import KerastlError
from kerastl.images._encoded import path_of
from kerastl.inference._engines import Engine, KerasEngine
from kerastl.inference._ordered_map import ordered_map
from kerastl.inference._precision import Precision
from kerastl.models._labels import Classification, Classifications, LabelSet, decode
from kerastl.models._metadata import Metadata
from kerastl.models._spec import ModelSpec

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image
    from typing_extensions import Unpack

    from kerastl._tta import TTAName
    from kerastl.explaining import Explainer, Explanation
    from kerastl.images._loading import ImageLike
    from kerastl.models._feature_model import FeatureName


class Classifier:
    """A network with its labels and its way of reading images. `load` makes one.

    Args:
        spec: The model.
        engine: What runs it.
        batch_size: Images that go through the network together; `None` takes the engine's choice.
        with_features: Those that the engine gives beside the probabilities, see `feature_model`: no second network is
            compiled for them.
        precision: That of the engine.

    Example:
        >>> import kerastl
        >>> classifier = kerastl.load("kerastl_mini")
        >>> classifier.classify("data/umbrella.png").label
        'umbrella'
        >>> classifier.predict_proba(["data/umbrella.png", "data/candle.jpg"]).shape
        (2, 200)
    """

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine,
        batch_size: int | None = None,
        *,
        with_features: FeatureName | None = None,
        precision: Precision = "full",
    ) -> None:
        self._spec = spec
        self._precision = precision
        self._network = NetworkOutputs(spec, engine, precision, with_features)
        self.parallelism = engine.parallelism if batch_size is None else replace(engine.parallelism, batch=batch_size)

    @property
    def metadata(self) -> Metadata:
        """The model's name, labels and resizing."""
        return self._spec.metadata

    @property
    def file(self) -> Path:
        """The file that the weights come from: `model.keras` in the run folder of a fine-tuned model."""
        return self._spec.weights_file

    @property
    def name(self) -> str:
        """What results call the model."""
        return self.metadata.name

    @property
    def labels(self) -> LabelSet:
        """The classes in the order of the scores."""
        return self.metadata.labels

    @property
    def engine(self) -> str:
        """What runs the network: a name of `kerastl.inference.ENGINES`."""
        return self._network.engine.name

    @property
    def precision(self) -> Precision:
        """`full` or `fast`: how exactly the network computes."""
        return self._precision

    @property
    def identity(self) -> str:
        """What its numbers depend on, network, weights and reading, as 32 hexadecimal digits."""
        return identity(self._spec)

    def __repr__(self) -> str:
        return shown.text(self)

    def _repr_html_(self) -> str:
        return shown.html(self)

    def keras_model(self) -> keras.Model:
        """Build the Keras model.

        Returns:
            A functional model: float32 pixels 0-255 of shape (n, height, width, 3) in, float32 probabilities of
            shape (n, classes) out. They are those of `predict_proba`; only of a model that kerastl 0.1 calibrated
            they are those before the temperature.
        """
        with stage(f"{printable(self.name)}: loading the network into Keras"):
            return self._spec.build()

    # Of overlapping signatures the first holds: a list is a stream that is there already, an open file an image.
    @overload
    def classify(  # type: ignore[overload-overlap]
        self, images: bytes | IO[bytes] | Image.Image, top: int = 5, **options: Unpack[ClassifyOptions]
    ) -> Classification: ...

    # A path names one image or a folder, an array has three axes or four: no type tells.
    @overload
    def classify(
        self,
        images: str | os.PathLike[str] | os.PathLike[bytes] | NDArray[Any],
        top: int = 5,
        **options: Unpack[ClassifyOptions],
    ) -> Any: ...

    @overload
    def classify(  # type: ignore[overload-overlap]
        self, images: Collection[ImageLike], top: int = 5, **options: Unpack[ClassifyOptions]
    ) -> Classifications: ...

    @overload
    def classify(
        self, images: Iterable[ImageLike], top: int = 5, **options: Unpack[ClassifyOptions]
    ) -> Iterator[Classification]: ...

    def classify(
        self,
        images: ImageLike | Iterable[ImageLike],
        top: int = 5,
        *,
        errors: OnError = "raise",
        coverage: float | None = None,
        reject: bool = False,
        tta: TTAName | None = None,
        urls: bool = False,
        sure: float | None = None,
    ) -> Classification | Classifications | Iterator[Classification]:
        """Say what images show.

        Args:
            images: One image: a path, a web address, bytes, an open file, a PIL image, an array or a tensor, as
                `kerastl.load_pixels` takes them. Or many: a folder, a pattern such as `photos/*.jpg`, an archive, any
                iterable of these, a column of a table, or an array of shape (n, height, width, channels), whose
                floats have one range, 0 to 1 or 0 to 255. An array of three axes is always one image.
            top: How many classes an image; more than there are means all. Labels are those that reach their thresholds.
            errors: Of an image that cannot be read, or is none: `raise` it, or `return` a result that has `error` set
                in its place.
            coverage: Between 0 and 1: give, instead of the `top` best classes, as many of the best as hold the right
                one that often. The model must be calibrated.
            reject: Say whether an image is unlike what the model was trained on. The model must be calibrated.
            tta: Answers averaged over several views of an image: `mirror` adds the mirrored image, for twice the work;
                `crops` adds corners too, for ten times the network's. Not for `coverage` and `reject`.
            urls: Whether web addresses in a list are fetched; one that is given by itself always is.
            sure: Between 0 and 1: tell, as `Classification.sure`, the deepest group in the tree of classes that scores
                so much: "dog" where the breed is not sure. Trees come with ImageNet and with `classes="path"`.

        Returns:
            One `Classification` for one image; a list for a folder, a pattern, a list, or whatever else has a
            length; for any other iterable an iterator that reads ahead by a few images only.

        Raises:
            ImageError: An image cannot be read.
            UsageError: `top` is less than 1, or an image is of another kind; or the model is not calibrated, not on
                enough images for this coverage, or has no tree.
        """
        check_options(self, errors, tta, judged=coverage is not None or reject)
        rules = answer_rules(self.file, self.metadata, top, coverage, reject, sure)
        classify = groups.classify_group(self, self._network, rules, errors, tta)
        given = inputs.given(images, urls)
        if given.one:
            return classify(list(given.images))[0]
        stream = self.stream(given.images, classify)
        return Classifications(stream) if given.sized else stream

    def predict_proba(
        self, images: ImageLike | Iterable[ImageLike], *, tta: TTAName | None = None, urls: bool = False
    ) -> np.ndarray:
        """Compute the probability of every class.

        Args:
            images: As for `classify`, and so are the others.
            tta: Test-time augmentation.
            urls: Whether web addresses in a list are fetched.

        Returns:
            float32 array of shape (n, classes); n is 1 for one image. Rows are in the order of the images.

        Raises:
            ImageError: An image cannot be read.
        """
        return groups.probabilities(self, images, tta, urls)

    def embed(
        self, images: ImageLike | Iterable[ImageLike], *, features: FeatureName = "last", urls: bool = False
    ) -> np.ndarray:
        """Compute a vector of each image, which is near those of similar images.

        Args:
            images: As for `classify`, and so is `urls`.
            features: `last` for what the last layer decides by; `deep` for means and deviations of several layers,
                which know more of texture and parts, as a deep head reads them (`kerastl.models.deep_features`).
            urls: Whether web addresses in a list are fetched.

        Returns:
            float32 array of shape (n, d), rows of length 1: `rows @ rows.T` are cosines. n is 1 for one image.

        Raises:
            ImageError: An image cannot be read.
            UsageError: The model is an exported file, or has fast precision.
        """
        return groups.embeddings(self, images, features, urls)

    def explain(self, image: ImageLike, label: str | int | None = None, method: str = "gradcam") -> Explanation:
        """Show which pixels of an image count for a class.

        The Keras model is built when this is first used, and kept.

        Args:
            image: One, as for `classify`.
            label: The class, by name, WordNet id or index; `None` takes the best one.
            method: A name of `kerastl.explaining.METHODS`. `gradcam` shows the region that counts for the class,
                quickly. `idgi` shows the pixels that matter, `integrated-gradients` also which way, with more noise;
                both take some seconds. `occlusion` covers one place after the other, and needs no TensorFlow where the
                network runs compiled.

        Returns:
            The map, with `overlay()` to look at it. In a notebook it shows as an image.

        Raises:
            ImageError: The image cannot be read.
            UsageError: No such class or method, or an image of another kind.
            ModelError: The method does not fit the network.
        """
        from kerastl.explaining import Explanation

        index = None if label is None else self.labels.find(label)
        image = inputs.only(image)
        pixels = self.pixels(image)
        scores = self.predict_pixels(pixels[None])
        if index is None:
            index = decode(scores, self.labels, 1)[0][0].index
        values = self._explainer.explain(pixels, index, method)
        name, score = self.labels.names[index], float(scores[0, index])
        return Explanation(path_of(image), self.name, name, index, score, method, values, pixels)

    @cached_property
    def _explainer(self) -> Explainer:
        from kerastl.explaining import Explainer

        engine = self._network.engine
        build = self.keras_model if not isinstance(engine, KerasEngine) else lambda: engine.model
        return Explainer(build, self._probabilities)

    def pixels(self, image: ImageLike, tta: TTAName | None = None) -> np.ndarray:
        """Read an image as the network gets it.

        Args:
            image: One, as for `classify`.
            tta: As for `classify`.

        Returns:
            uint8 array of shape (height, width, 3), RGB; with `tta` of shape (views, height, width, 3).

        Raises:
            ImageError: It cannot be read.
        """
        if isinstance(image, KerastlError):
            raise image
        reader = self.metadata.reader
        return reader.read(image) if tta is None else test_time.read_views(tta, reader, image)

    def predict_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """Compute the probability of every class for images that `pixels` has read; threads may share this.

        Args:
            pixels: uint8 array of shape (n, height, width, 3), RGB, of the network's own size; or of shape
                (n, views, height, width, 3), whose views are averaged.

        Returns:
            float32 array of shape (n, classes).
        """
        return temperature.apply(self._probabilities(pixels), self._network.temperature)

    def _probabilities(self, pixels: np.ndarray) -> np.ndarray:
        return self._network.probabilities(pixels, self.parallelism.batch)

    def predict_features(self, pixels: np.ndarray, features: FeatureName = "last") -> tuple[np.ndarray, np.ndarray]:
        """Compute what is needed to judge or compare images; threads may share this. The first use compiles it.

        Args:
            pixels: uint8 array of shape (n, height, width, 3), as for `predict_pixels`.
            features: As for `embed`.

        Returns:
            The probabilities as the network gives them: float32 array of shape (n, classes). And the features: float32
            array of shape (n, d), rows of length 1.
        """
        return self._network.with_features(pixels, features)

    def stream(self, items: Any, work: Callable[[list[Any]], list[Any]]) -> Iterator[Any]:
        """Apply a function to groups of items, in as many threads and as large groups as suit the model.

        Args:
            items: Any iterable, read a little ahead.
            work: From a list of items to as many results.

        Yields:
            The results, one by one, in the order of the items.
        """
        return ordered_map(work, items, self.parallelism.workers, self.parallelism.batch)
