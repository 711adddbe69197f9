"""What the documentation of Keras shows, and what kerastl makes of the same image."""

import re
from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl._classifier import Classifier
from kerastl.images import Resize
from kerastl.inference._engine_registry import AUTO_ORDER
from kerastl.inference._engines import KerasEngine
from kerastl.models import _build
from kerastl.models._metadata import Metadata
from kerastl.models._published_labels import imagenet
from kerastl.models._registry import BACKBONES
from kerastl.models._spec import ModelSpec


@pytest.fixture(scope="module")
def photograph():
    """The photograph that matplotlib ships."""
    import matplotlib.cbook

    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return Path(file.name)


def documented(model, module, path, size=224):
    """The script of Keras's documentation; label and score of the three best."""
    import keras

    applications = getattr(keras.applications, module)
    x = np.expand_dims(keras.utils.img_to_array(keras.utils.load_img(path, target_size=(size, size))), axis=0)
    scores = model.predict(applications.preprocess_input(x), verbose=0)
    return [(name, float(score)) for _, name, score in applications.decode_predictions(scores, top=3)[0]]


def same(result, expected):
    assert [p.label for p in result.predictions] == [name for name, _ in expected]
    assert [p.score for p in result.predictions] == pytest.approx([score for _, score in expected], abs=1e-5)


@pytest.mark.parametrize("engine", AUTO_ORDER)
@pytest.mark.parametrize(
    ("name", "module", "arguments"),
    [("mobilenet_v2", "mobilenet_v2", {}), ("mobilenet_025", "mobilenet", {"alpha": 0.25})],
)
def test_real_weights_score_as_in_the_documentation(
    engine, name, module, arguments, photograph, keras_home, shared_images
):
    import keras

    row = BACKBONES[name]
    model = getattr(keras.applications, row.constructor)(**arguments)
    classifier = kerastl.load(name, resize="keras", engine=engine)
    for path in [photograph, *sorted(shared_images.iterdir())[::50]]:
        same(classifier.classify(path, top=3), documented(model, module, path))


def test_vgg16_with_random_weights_scores_as_in_the_documentation(photograph, keras_home):
    import keras

    plain = keras.applications.VGG16(weights=None)
    # Random weights of the usual size give 1,000 scores that are almost equal: larger ones tell them apart.
    plain.get_layer("predictions").set_weights([w * 30 for w in plain.get_layer("predictions").get_weights()])
    ours = _build.build("vgg16", weights=None)
    ours.set_weights(plain.get_weights())
    metadata = Metadata("vgg16", imagenet(), Resize(224, 224, "keras"), "vgg16")
    classifier = Classifier(ModelSpec(metadata, photograph, "test", lambda: ours), KerasEngine(ours))
    same(classifier.classify(photograph, top=3), documented(plain, "vgg16", photograph))


def test_the_default_is_better_than_the_documentations_preprocessing(shared_images):
    images = sorted(shared_images.iterdir())
    truth = [re.match(r"n\d{8}", path.name).group() for path in images]

    def right(**arguments):
        results = kerastl.load("mobilenet_v2", **arguments).classify(images, top=1)
        return np.mean([result.best.wnid == wnid for result, wnid in zip(results, truth, strict=True)])

    assert right() - right(resize="keras") >= 0.06


def test_the_photograph_is_recognised(photograph, keras_home):
    result = kerastl.load().classify(photograph)
    assert result.model == "mobilenet_v2"
    assert "military_uniform" in [prediction.label for prediction in result.predictions]


def test_every_odd_file_is_classified_or_reported(keras_home):
    folder = keras_home.parent / "images" / "odd"
    if not folder.is_dir():
        pytest.skip("there is no folder images/odd beside KERAS_HOME")
    files = sorted(folder.iterdir())
    results = kerastl.load().classify(files, errors="return")
    assert [result.path for result in results] == [str(file) for file in files]
    for result in results:
        assert (result.error is None) != (result.predictions == ())
        assert result.error is None or ("\n" not in result.error and len(result.error) < 200)
    broken = {Path(r.path).name for r in results if r.error}
    assert {"broken.png", "truncated_image.png", "truncated_jpeg.jpg", "zero_width.gif"} <= broken
    assert not {"hopper.jpg", "hopper_16bit.pgm", "pil_sample_cmyk.jpg", "chi.gif", "Portrait_6.jpg"} & broken
