"""Runs a recipe on a network and images, without a run folder around it."""

import numpy as np

from kerastl.finetuning._preparation import Preparation
from kerastl.finetuning._training import Training
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._feature_cache import FeatureCache


def run(network, recipe, data, folder, *, limit=10**9, stop=None, callback=None, callbacks=()):
    preparation = Preparation(network, data, FeatureCache(folder / "f", limit), 5, stop=stop)
    labels = (data.train.labels, data.val.labels)
    checkpoint = Checkpoint(folder / "state")
    training = Training(
        network, recipe, preparation, labels, checkpoint, stop=stop, callback=callback, callbacks=callbacks
    )
    if (state := checkpoint.load()) is not None:
        training.resume(state)
    training.run()
    return training


def weights(network):
    return [np.array(weight) for weight in network.model.weights]
