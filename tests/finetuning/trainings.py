"""Runs a recipe on a network and images, without a run folder around it."""

import numpy as np

from kerastl.finetuning._features import FeatureComputer
from kerastl.finetuning._training import Training
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._feature_cache import FeatureCache


def run(network, recipe, data, folder, *, limit=10**9, stop=None, callback=None, callbacks=(), budget=None):
    features = FeatureComputer(data, FeatureCache(folder / "f", limit), stop=stop)
    checkpoint = Checkpoint(folder / "state")
    watching = {"callback": callback, "callbacks": callbacks, "stop": stop}
    training = Training(network, recipe, data, features, checkpoint, seed=5, budget=budget, **watching)
    if (state := checkpoint.load()) is not None:
        training.resume(state)
    training.run()
    return training


def weights(network):
    return [np.array(weight) for weight in network.model.weights]
