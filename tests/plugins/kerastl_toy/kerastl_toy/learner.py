"""The learner of `toy-distance`, which imports Keras."""

from keras import ops

from kerastl.pretraining import Learner


class DistanceLearner(Learner):
    """Makes the distance between both views small."""

    def objective(self, first, second):
        """Mean squared distance."""
        return ops.mean(ops.square(first - second))
