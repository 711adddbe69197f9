"""What scikit-learn asks of its estimators (`sklearn.utils.estimator_checks`), and what only images have."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import validate_data

import kerastl
from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, load_pixels
from kerastl.models import LabelSet, Metadata, embed_metadata
from kerastl.sklearn import Embedder, KerastlClassifier, RidgeHeadClassifier

# scikit-learn's checks give rows of numbers, and skip what takes no such rows: of estimators of images they are asked
# of a subclass that draws an image of each row.
SIDE = 8


@pytest.fixture(scope="module")
def pixel_model(tmp_path_factory):
    """A model of images of 8 px whose last layer decides by all 192 numbers of an image, from -1 to 1."""
    pixels = keras.Input((SIDE, SIDE, 3))
    numbers = keras.layers.Flatten()(keras.layers.Rescaling(1 / 127.5, -1.0)(pixels))
    model = keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(numbers), name="pixels")
    file = tmp_path_factory.mktemp("pixels") / "model.keras"
    model.save(file)
    embed_metadata(file, Metadata("pixels", LabelSet(("a", "b")), Resize(SIDE, SIDE, "squash")))
    return str(file)


def drawn(rows):
    """An image of each row of numbers, which holds it as often as it fits."""
    numbers = np.stack([np.resize(row, SIDE * SIDE * 3) for row in rows])
    return np.clip(np.round(128 + 16 * numbers), 0, 255).astype(np.uint8).reshape(-1, SIDE, SIDE, 3)


class _TakesRows:
    def _drawn(self, rows, **options):
        return drawn(validate_data(self, rows, **options))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.string = False
        return tags


class RowsClassifier(_TakesRows, KerastlClassifier):
    """The classifier behind images of rows, so that scikit-learn's checks can ask it."""

    def fit(self, X, y):
        return super().fit(self._drawn(X, dtype="numeric"), y)

    def predict(self, X):
        return super().predict(self._later(X))

    def predict_proba(self, X):
        return super().predict_proba(self._later(X))

    def decision_function(self, X):
        return super().decision_function(self._later(X))

    def _later(self, X):
        return self._drawn(X, reset=False) if hasattr(self, "head_") else X


class RowsEmbedder(_TakesRows, Embedder):
    """The transformer, likewise."""

    def fit(self, X, y=None):
        return super().fit(self._drawn(X, dtype="numeric"), y)

    def transform(self, X):
        return super().transform(self._drawn(X, reset=False))


def failures(estimator):
    found = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(found) > 30
    return {each["check_name"]: each["exception"] for each in found if each["status"] == "failed"}


def test_the_head_passes_all_checks():
    assert failures(RidgeHeadClassifier()) == {}


@pytest.mark.parametrize("kind", [RowsClassifier, RowsEmbedder])
def test_estimators_of_images_pass_the_checks(kind, pixel_model):
    assert failures(kind(pixel_model, features="last")) == {}


@pytest.fixture
def folder(image):
    """Twelve images, reddish and bluish by turns; their paths and classes."""
    paths = [
        str(image(f"{n}.png", (200 - 5 * n, 9, 20 + n) if n % 2 else (20 + 3 * n, n, 180 - 6 * n))) for n in range(12)
    ]
    return paths, ["red" if n % 2 else "blue" for n in range(12)]


def test_vectors_are_those_of_the_classifier(color_model, folder):
    paths, _ = folder
    expected = kerastl.load(color_model).embed(paths)
    for given in (
        paths,
        np.array(paths),
        np.array(paths, object)[:, None],
        pd.Series(paths),
        pd.DataFrame({"p": paths}),
    ):
        np.testing.assert_allclose(Embedder(color_model).transform(given), expected, atol=1e-6)
    pixels = np.stack([load_pixels(path, Resize(32, 32, "crop", 1.0)) for path in paths])
    np.testing.assert_allclose(Embedder(color_model).transform(pixels), expected, atol=1e-5)
    assert Embedder(color_model, dtype="float16").transform(paths).dtype == np.float16


def test_columns_have_names_for_tables(color_model, folder):
    table = Embedder(color_model).set_output(transform="pandas").fit_transform(folder[0])
    assert list(table.columns) == ["embedding0", "embedding1", "embedding2"]


def test_a_classifier_learns_classes_of_images(color_model, folder):
    paths, labels = folder
    found = KerastlClassifier(color_model, features="last").fit(paths, labels)
    assert found.classes_.tolist() == ["blue", "red"]
    assert found.predict(paths).tolist() == labels
    assert found.score(paths, labels) == 1
    probabilities = found.predict_proba(paths)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (probabilities.argmax(axis=1) == [label == "red" for label in labels]).all()
    # The same as the head on the vectors.
    head = RidgeHeadClassifier().fit(Embedder(color_model).transform(paths), labels)
    np.testing.assert_allclose(probabilities, head.predict_proba(Embedder(color_model).transform(paths)), atol=1e-6)


def test_copies_and_pickles_answer_alike(color_model, folder):
    paths, labels = folder
    found = KerastlClassifier(str(color_model), features="last").fit(paths, labels)
    stored = pickle.dumps(found)
    assert len(stored) < 10_000  # no network in it
    again = pickle.loads(stored)  # noqa: S301 - written above
    np.testing.assert_array_equal(again.predict_proba(paths), found.predict_proba(paths))
    copy = clone(found)
    assert copy.get_params() == found.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(paths)


def test_cross_validation_pipelines_and_searches(color_model, folder):
    paths, labels = folder
    assert cross_val_score(KerastlClassifier(color_model, features="last"), paths, labels, cv=3).tolist() == [1, 1, 1]
    pipeline = make_pipeline(Embedder(color_model), LogisticRegression(C=100))
    search = GridSearchCV(pipeline, {"embedder__dtype": ["float32", "float16"]}, cv=2).fit(paths, labels)
    assert search.best_score_ == 1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], r"Received: 0 sample\(s\)"),
        ("folder", r"one a place, .* Received: str"),
        (np.zeros((4, 9)), r"Received: shape=\(4, 9\), dtype=float64"),
        (np.zeros(4), r"Received: shape=\(4,\), dtype=float64"),
        (np.zeros((8, 8, 3), np.uint8), r"\(n, height, width, channels\)\. Received: shape=\(8, 8, 3\)"),
    ],
)
def test_what_are_no_images_is_named(color_model, images, message):
    for ask in (Embedder(color_model).fit, Embedder(color_model).transform):
        with pytest.raises(UsageError, match=message):
            ask(images)
    with pytest.raises(ValueError, match=message):
        KerastlClassifier(color_model).fit(images, ["a", "b"])


def test_a_folder_is_no_place(color_model, folder, tmp_path):
    with pytest.raises(UsageError, match="folders and patterns are none"):
        Embedder(color_model).transform([str(tmp_path)])
    with pytest.raises(ImageError, match="no such file"):
        Embedder(color_model).transform([*folder[0], str(tmp_path / "gone.png")])


def test_one_class_is_not_enough(color_model, folder):
    with pytest.raises(UsageError, match="2 classes or more"):
        KerastlClassifier(color_model, features="last").fit(folder[0], ["red"] * 12)
