"""Runs the Keras model, one image after the other."""

from kerastl.inference import EngineFactory, Parallelism


class ToyEngine:
    """See `kerastl.inference.Engine`."""

    name = "toy-engine"

    def __init__(self, model):
        self.model = model
        self.parallelism = Parallelism(workers=1, interpreters=1, threads=1, batch=1)

    def predict(self, pixels):
        """Probabilities."""
        return self.model.predict_on_batch(pixels.astype("float32"))


ENGINE = EngineFactory("toy-engine", "slow and plain", opener=lambda spec: ToyEngine(spec.build()))
