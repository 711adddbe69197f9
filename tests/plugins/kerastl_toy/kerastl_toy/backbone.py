"""A network of two convolutions."""

from kerastl.models import Backbone, Stage


def build(*, include_top, weights, input_tensor, input_shape, width=8):
    """Build it as the functions of `keras.applications` do."""
    import keras
    from keras import layers

    x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu", name="low")(input_tensor)
    x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu", name="high")(x)
    if include_top:
        x = layers.Dense(2, activation="softmax", name="scores")(layers.GlobalAveragePooling2D(name="mean")(x))
    return keras.Model(input_tensor, x, name="toy")


BACKBONE = Backbone(
    "toy",
    build,
    input_size=16,
    stages=(Stage("head", after="high"), Stage("top", "high"), Stage("stem")),
    input_scaling="unit",
    arguments={"width": 4},
    min_size=8,
    crop_fraction=1.0,
    labels=("dark", "bright"),
)
