import keras
import numpy as np

from kerastl.data._fixed_batches import fixed_batches


def test_shapes_are_those_of_the_first_batch():
    batches = [(np.zeros((4, 3), "float32"), np.zeros(4, "float32"))] * 3
    dataset = fixed_batches(iter(batches))
    assert [tuple(spec.shape) for spec in dataset.element_spec] == [(4, 3), (4,)]
    assert len(list(dataset)) == 3


def test_a_short_batch_is_filled_up_with_its_own_rows():
    batches = [(np.arange(4), np.eye(4)), (np.array([7, 8, 9]), np.array([[1.0] * 4, [2.0] * 4, [3.0] * 4]))]
    *_, last = fixed_batches(iter(batches)).as_numpy_iterator()
    np.testing.assert_array_equal(last[0], [7, 8, 9, 7])
    np.testing.assert_array_equal(last[1][:, 0], [1, 2, 3, 1])


def test_fit_gives_the_bits_of_train_on_batch():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(3, 16, 24, 24, 3)).astype("float32")
    targets = np.eye(4, dtype="float32")[random.integers(4, size=(3, 16))]
    batches = list(zip(inputs, targets, strict=True))

    def model():
        keras.utils.set_random_seed(0)
        pixels = keras.Input((24, 24, 3))
        x = keras.layers.Conv2D(8, 3, use_bias=False)(pixels)
        x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x))
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.DepthwiseConv2D(3)(x))
        made = keras.Model(pixels, keras.layers.Dense(4, activation="softmax")(x))
        made.compile("adam", "categorical_crossentropy")
        return made

    one, other = model(), model()
    for batch in batches:
        one.train_on_batch(*batch)
    other.fit(fixed_batches(iter(batches)), steps_per_epoch=3, shuffle=False, verbose=0)
    for mine, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
