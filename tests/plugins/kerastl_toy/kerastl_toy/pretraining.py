"""Pulls the embeddings of both views together, which collapses."""

from kerastl.pretraining import PretrainingMethod

METHOD = PretrainingMethod(
    "toy-distance", "both views to the same place", "nobody's", "kerastl_toy.learner:DistanceLearner"
)
