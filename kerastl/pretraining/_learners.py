"""Networks that learn without labels: a backbone, a projector, and an objective over two views.

Keras trains them as any model: `learner.compile(optimizer)`, then `train_on_batch` or `fit` on batches that hold
one view of each image and then the other of each, `(2 n, h, w, 3)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from kerastl.models._graph import mean_pooled
from kerastl.pretraining import _losses as losses
from kerastl.pretraining._networks import follow, follow_batches_closely, follower_pairs, momentum_at, perceptron
from kerastl.training._fast_network import faster

if TYPE_CHECKING:
    from typing_extensions import Self


class Learner(keras.Model):
    """A backbone under training.

    Args:
        backbone: Raw pixels `(n, h, w, 3)` in [0, 255] to a feature map or to features.
        width: Of the projector's layers.
        seed: Of their first weights.

    Example:
        >>> import keras
        >>> from kerastl.models import build
        >>> from kerastl.pretraining import Learner
        >>> class Agreement(Learner):
        ...     def objective(self, first, second):
        ...         return keras.ops.mean(keras.ops.square(first - second))
        ...
        >>> Agreement(build("kerastl_mini", include_top=False), width=16).compile("adam")
    """

    def __init__(self, backbone: keras.Model, width: int = 1024, seed: int = 0) -> None:
        super().__init__()
        follow_batches_closely(backbone)
        self.backbone = backbone
        self.features = _pooled(backbone)
        self.projector = perceptron(
            self.features.output_shape[-1], self.projector_widths(width), seed, name="projector"
        )

    @classmethod
    def create(cls, build: Callable[[], keras.Model], width: int, seed: int) -> Self:
        """Make the learner of a run.

        Args:
            build: Gives a new backbone with the weights that training starts from.
            width: Of the projector's layers.
            seed: Of their first weights.
        """
        return cls(build(), width, seed)

    def projector_widths(self, width: int) -> tuple[int, ...]:
        """Widths of the projector's layers."""
        return (width, width, width)

    def call(self, views: Any, training: bool = False) -> Any:
        """Embed images: float32 `(n, h, w, 3)` to `(n, d)`."""
        return self.projector(self.features(views, training=training), training=training)

    def objective(self, first: Any, second: Any) -> Any:
        """The loss, from the embeddings of both views."""
        raise NotImplementedError

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch (called by Keras)."""
        return self.objective(*ops.split(y_pred, 2))

    def advance(self, share: float) -> None:
        """Get ready for a step.

        Args:
            share: How much of the run is done, in [0, 1).
        """


class BarlowTwins(Learner):
    """See `losses.barlow_twins`.

    Example:
        >>> from kerastl.models import build
        >>> from kerastl.pretraining import BarlowTwins
        >>> learner = BarlowTwins(build("kerastl_mini", include_top=False), width=16)
        >>> learner.compile("adam")
    """

    def objective(self, first: Any, second: Any) -> Any:
        """See `Learner`."""
        return losses.barlow_twins(first, second)


class BYOL(Learner):
    """Learn to predict a copy of oneself that follows slowly (Grill et al. 2020).

    The copy moves to `m * copy + (1 - m) * network` at the beginning of each step, which is after each step but
    for the last, whose copy nobody would see. m rises from 0.99 to 1 along half a cosine (section 3.3).

    Args:
        backbone: As for `Learner`.
        teacher: A network of the same make, whose weights become those of `backbone`.
        width: As for `Learner`; the embeddings have a quarter of it.
        seed: As for `Learner`.

    Example:
        >>> from kerastl.models import build
        >>> from kerastl.pretraining import BYOL
        >>> network, teacher = (build("kerastl_mini", include_top=False) for _ in range(2))
        >>> learner = BYOL(network, teacher, width=16)
        >>> learner.compile("adam")
    """

    start = 0.99

    def __init__(self, backbone: keras.Model, teacher: keras.Model, width: int = 1024, seed: int = 0) -> None:
        super().__init__(backbone, width, seed)
        widths = self.projector_widths(width)
        self.predictor = perceptron(widths[-1], widths, seed + 100, name="predictor")
        follow_batches_closely(teacher)
        self.teacher_features = _pooled(teacher)
        self.teacher_projector = perceptron(self.features.output_shape[-1], widths, seed, name="teacher_projector")
        self.teacher_features.set_weights(self.features.get_weights())
        self.teacher_projector.set_weights(self.projector.get_weights())
        self.momentum = self.add_weight((), keras.initializers.Constant(self.start), trainable=False, name="momentum")
        self._pairs = follower_pairs((self.features, self.projector), (self.teacher_features, self.teacher_projector))

    @classmethod
    def create(cls, build: Callable[[], keras.Model], width: int, seed: int) -> Self:
        """See `Learner`; the teacher is built like the backbone."""
        return cls(build(), build(), width, seed)

    def projector_widths(self, width: int) -> tuple[int, ...]:
        """See `Learner`."""
        return (width, max(2, width // 4))

    def call(self, views: Any, training: bool = False) -> Any:
        """See `Learner`; in training predictions and targets side by side, `(2 n, 2 d)`."""
        embedded = super().call(views, training=training)
        if not training:
            return embedded
        follow(self._pairs, self.momentum)
        targets = self.teacher_projector(self.teacher_features(views, training=True), training=True)
        return ops.concatenate([self.predictor(embedded, training=True), ops.stop_gradient(targets)], axis=-1)

    def objective(self, first: Any, second: Any) -> Any:
        """The loss of both directions, from what `call` gives for each view in training."""
        (guess_first, seen_first), (guess_second, seen_second) = (
            ops.split(view, 2, axis=-1) for view in (first, second)
        )
        return losses.byol(guess_first, seen_second) + losses.byol(guess_second, seen_first)

    def advance(self, share: float) -> None:
        """See `Learner`: the copy follows more slowly as the run goes on."""
        self.momentum.assign(momentum_at(share, self.start))


def _pooled(backbone: keras.Model) -> keras.Model:
    """Raw pixels to features `(n, c)`, in float32; the layers are those of the backbone."""
    pooled = mean_pooled(backbone.outputs[0], dtype="float32")
    return faster(keras.Model(backbone.inputs[0], pooled, name="features"))
