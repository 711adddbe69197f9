"""Trains one small network: in the process of a test, and from the command line where Keras runs on another backend."""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import kerastl
from kerastl.data import Augmentation, Crop, Flip
from kerastl.finetuning import Phase, Recipe
from kerastl.models import _build

keras = kerastl.import_keras()  # quietly

STEPS = Phase(
    "all", epochs=2, learning_rate=0.01, batch_size=8, warmup=0.5, schedule="cosine", batch_norm="trained",
    optimizer="sgd", optimizer_options={"momentum": 0.9}, weight_decay=0.01, ema_momentum=0.9,
    augmentation=Augmentation(crop=Crop(0.5), flip=Flip()),
)  # fmt: skip
AFTER_SOLUTION = Recipe("after a solution", (Phase(solver="ridge"), STEPS), dropout=0.0)
WITH_DROPOUT = Recipe("with dropout", (STEPS,), dropout=0.3)
GIVEN = {"validation_split": 0.25, "class_weights": "balanced", "verbose": 0}


def draw_images(folder):
    """44 images of 16 px in two classes, of which one is a little brighter."""
    random = np.random.default_rng(3)
    for number in range(44):
        file = folder / ("bright", "dark")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        shade = 12 * (number % 2 == 0)
        Image.fromarray(random.integers(shade, 200 + shade, (16, 16, 3)).astype(np.uint8)).save(file)


def small_model(side=16):
    """Two convolutions with batch normalization; its weights are NumPy's, the same on each backend."""
    pixels = keras.Input((side, side, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    for number, filters in enumerate((6, 8)):
        x = keras.layers.Conv2D(filters, 3, 2, "same", use_bias=False, name=f"conv_{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm_{number}")(x)
        x = keras.layers.ReLU(name=f"relu_{number}")(x)
    model = keras.Model(pixels, x, name="small")
    random = np.random.default_rng(7)
    for layer in model.layers:
        if layer.name.startswith("conv"):
            layer.set_weights([random.normal(0, 0.3, weight.shape) for weight in layer.get_weights()])
    return model


class KernelNorms(keras.callbacks.Callback):
    """Looks at the weights after each step, as any callback may."""

    def __init__(self):
        super().__init__()
        self.norms = []

    def on_train_batch_end(self, batch, logs=None):
        self.norms.append(float(np.linalg.norm(self.model.get_layer("conv_0").get_weights()[0])))


def outcome(result):
    """What is compared of a run: of each epoch the losses, and the weights in the end."""
    return {
        "history": [[row[name] for name in ("loss", "val_loss", "learning_rate")] for row in result.history],
        "weights": [weight.ravel().tolist() for weight in result.model.get_weights()],
    }


def train(folder, output):
    """A head that is solved, and steps of gradients from there; of each step a norm."""
    looks = KernelNorms()
    result = kerastl.finetune(folder, small_model(), AFTER_SOLUTION, output=output, callbacks=[looks], **GIVEN)
    return {**outcome(result), "norms": looks.norms}


def train_with_dropout(folder, output, **options):
    """Steps of gradients from a file, on as many processes as are asked for."""
    return outcome(
        kerastl.finetune(folder, folder.parent / "small.keras", WITH_DROPOUT, output=output, **GIVEN, **options)
    )


def main(folder, output):
    """Train, classify and pre-train; print what came of it."""
    found = {"backend": keras.backend.backend(), **train(folder, output / "solved")}
    small_model().save(folder.parent / "small.keras")
    found["one process"] = train_with_dropout(folder, output / "steps")
    for engine in ("litert", "keras"):
        classifier = kerastl.load(output / "solved", engine=engine)
        found[engine] = classifier.predict_proba([folder / "bright" / "0.png"])[0].tolist()
    sys.stderr.write("pre-training\n")
    _build.build = lambda *_, **__: small_model(32)  # instead of any network of the catalog
    pretrained = kerastl.pretrain(
        folder, "mobilenet_025", "byol", output=output / "pretrained", input_size=32, epochs=1, batch_size=20, width=8,
        verbose=0,
    )  # fmt: skip
    found["pretraining"] = pretrained.history[0]["loss"]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
