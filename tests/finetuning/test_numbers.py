"""A number and ordered classes, from a table to a model that answers."""

import csv

import keras
import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.errors import DataError, RecipeError
from kerastl.finetuning._answer_extras import answer_extras
from kerastl.finetuning._compiling import compile_for, loss_for
from kerastl.finetuning._freezing import freeze_for
from kerastl.finetuning._head_layers import Standardized
from kerastl.finetuning._network import attach_head
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.images import Resize
from kerastl.models import read_metadata
from kerastl.tasks import TASKS


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Thirty squares whose brightness a column has, in thousandths, and in words."""
    folder = tmp_path_factory.mktemp("bright")
    random = np.random.default_rng(0)
    rows = [["path", "light", "word"]]
    for number, light in enumerate(np.linspace(0.1, 0.9, 30)):
        pixels = np.clip(255 * light + random.normal(scale=12, size=(32, 32, 3)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
        word = "dark" if light < 0.4 else "dim" if light < 0.7 else "bright"
        rows.append([f"{number:02}.png", f"{1000 * light:.1f}", word])
    with (folder / "table.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder / "table.csv"


@pytest.fixture(scope="module")
def number_run(table, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "light"
    return kerastl.finetune(table, "kerastl_mini", "probe", target="light", input_size=32, output=output, verbose=0)


def test_a_number_is_learnt_and_told_in_its_unit(number_run, table):
    metrics = number_run.metrics
    assert metrics["task"] == "regression"
    assert metrics["loo_mean_absolute_error"] < 60  # of numbers from 100 to 900
    assert metrics["loo_r_squared"] > 0.9
    assert metrics["loo_root_mean_squared_error"] >= metrics["loo_mean_absolute_error"]
    answer = kerastl.load(number_run.folder).classify(table.parent / "15.png")
    assert answer.number.name == "light"
    assert answer.value == pytest.approx(513.8, abs=100)
    assert answer.interval[0] < answer.value < answer.interval[1]


def test_the_interval_holds_nine_of_ten_left_out_images(number_run):
    found = read_metadata(number_run.folder / "model.keras").extra["interval"]
    assert (found["coverage"], found["images"]) == (0.9, 30)
    kept = np.load(number_run.folder / "leave_one_out.npz")
    off = np.sort(np.abs(kept["probabilities"][:, 0] - np.linspace(100, 900, 30)))
    assert found["half_width"] == pytest.approx(off[27], abs=0.06)  # ceil(31 * 0.9) = 28; the table is rounded


def test_plain_keras_gives_the_number(number_run, table):
    model = keras.saving.load_model(number_run.folder / "model.keras")
    pixels = np.asarray(Image.open(table.parent / "15.png"), np.float32)
    classifier = kerastl.load(number_run.folder)
    expected = classifier.classify(pixels.astype(np.uint8)).value
    assert model.layers[-1].name == "head_units"
    assert float(model(pixels[None])[0, 0]) == pytest.approx(expected, rel=1e-3)


def test_ordered_classes_are_learnt(table, tmp_path):
    run = kerastl.finetune(
        table,
        "kerastl_mini",
        "probe",
        task="ordinal",
        order=["dark", "dim", "bright"],
        label_column="word",
        input_size=32,
        output=tmp_path / "run",
        verbose=0,
    )
    assert run.metadata.labels.names == ("dark", "dim", "bright")
    assert run.metrics["loo_mean_absolute_error"] < 0.3
    assert run.metrics["loo_quadratic_kappa"] > 0.8
    probabilities = kerastl.load(run.folder).predict_proba([table.parent / "00.png", table.parent / "29.png"])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    assert probabilities.argmax(axis=1).tolist() == [0, 2]
    assert kerastl.load(run.folder).classify(table.parent / "00.png", coverage=0.9).label == "dark"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "regression", "label_column": "word"}, r"row 2: 'dark' is no number"),
        ({"target": "weight"}, "has no column 'weight'"),
        ({"order": ["dark", "bright"], "label_column": "word"}, "the order lacks 'dim'"),
        ({"task": "ordinal", "label_column": "word"}, "the order of the classes is not known"),
    ],
)
def test_data_that_do_not_fit_the_task_are_refused(table, tmp_path, options, said):
    with pytest.raises(DataError, match=said):
        kerastl.finetune(table, "kerastl_mini", "probe", output=tmp_path / "run", verbose=0, **options)


def test_answers_on_validation_images_give_intervals_too():
    truth = np.arange(40, dtype="float32")
    images = LabeledImages([], truth)
    data = TrainingData(("age",), images, images, Resize(8, 8), task=TASKS["regression"])
    extras = answer_extras(truth[:, None] + 2, truth, data, "validation")
    assert extras == {"interval": {"coverage": 0.9, "half_width": 2.0, "images": 40}}


def small(task, classes, labels):
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    below = keras.layers.Conv2D(4, 3, name="below")
    backbone = keras.Model(image, below(image))
    return attach_head(backbone, {"stem": [below]}, classes, seed=1, task=TASKS[task], labels=labels)


def test_gradient_steps_see_standardized_numbers():
    network = small("regression", 1, np.array([1000.0, 3000.0], "float32"))
    phase = Phase("all", optimizer="sgd", label_smoothing=0.1)
    freeze_for(network, phase)
    compile_for(network.model, network, phase, 1)
    truth, answers = np.array([[1000.0], [3000.0]]), np.array([[1500.0], [3000.0]])
    assert float(network.model.loss(truth, answers)) == pytest.approx(0.5**2 / 2)


def test_another_loss_takes_the_place_of_the_squared_error():
    loss = Standardized(loss_for(Phase("head", loss="huber"), TASKS["regression"]), 10.0, 2.0)
    assert float(loss(np.array([[10.0]]), np.array([[20.0]]))) == pytest.approx(5 - 0.5)
    with pytest.raises(RecipeError, match="loss must be the name of a loss of Keras, such as mean_squared_error"):
        loss_for(Phase("head", loss="nothing"), TASKS["regression"])


def test_gradient_steps_leave_ordered_classes_probabilities():
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    pixels = (random.normal(size=(60, 8, 8, 3)) + 2 * labels[:, None, None, None]).astype("float32")
    network = small("ordinal", 3, labels)
    phase = Phase("all", optimizer="adam", learning_rate=0.02)
    freeze_for(network, phase)
    compile_for(network.model, network, phase, 1)
    before = network.model.get_layer("ordinal_classes").get_weights()
    network.model.fit(pixels, np.eye(3)[labels], epochs=30, batch_size=20, shuffle=False, verbose=0)
    answers = network.model.predict(pixels, verbose=0)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert (answers.argmax(axis=1) == labels).mean() > 0.8
    for kept, value in zip(before, network.model.get_layer("ordinal_classes").get_weights(), strict=True):
        np.testing.assert_array_equal(kept, value)
