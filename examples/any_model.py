"""Fine-tune a model of your own, one of KerasHub and one of the catalog on a folder of images, and classify with each.

python examples/any_model.py data/shapes/train runs/any_model
"""

import sys
from pathlib import Path

import keras

import kerastl


def handwritten() -> keras.Model:
    """Any functional model: its scaling, head and stages are found in its graph."""
    pixels = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    for width in (16, 32, 64):
        x = keras.layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(10, activation="softmax")(x), name="handwritten")


def keras_hub_backbone() -> keras.Model:
    """A backbone of KerasHub; `ResNetBackbone.from_preset(...)` would bring weights."""
    import keras_hub

    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(32, 32, 3),
    )


def main(data: Path, runs: Path) -> None:
    """Fine-tune each, and classify the first image with it."""
    image = next(path for path in sorted(data.rglob("*")) if path.suffix in (".png", ".jpg"))
    started = {"handwritten": (handwritten(), {}), "kerastl_mini": ("kerastl_mini", {})}
    try:
        # Its scaling stands in a preprocessor beside the backbone, so that it is said here.
        started["keras_hub"] = (keras_hub_backbone(), {"input_scaling": "unit"})
    except ImportError:
        print("keras_hub: left out, since KerasHub is not installed")
    for name, (model, options) in started.items():
        losses: list[float] = []
        heard = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs, to=losses: to.append(logs["loss"]))
        tuned = kerastl.finetune(
            data, model, "full", output=runs / name, epochs=2, callbacks=[heard], verbose=0, **options
        )
        classifier = kerastl.load(tuned.folder)
        best = classifier.classify(image).best
        print(f"{name}: {len(losses)} epochs, {best.label} {best.score:.2f} ({classifier.engine})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
