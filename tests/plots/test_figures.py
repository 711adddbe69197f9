import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from kerastl import plots
from kerastl.data._augment import augment, image_rng
from kerastl.data._augmentation import Augmentation, Crop, Flip
from kerastl.errors import DataError, ImageError, UsageError
from kerastl.images import Resize, load_pixels, open_image
from kerastl.models._labels import Classification, Prediction
from kerastl.plots import _style as style

HISTORY = [
    {"phase": 1, "loss": 2.0, "accuracy": 0.2, "val_loss": 1.5, "val_accuracy": 0.4},
    {"phase": 1, "loss": 1.0, "accuracy": 0.6, "val_loss": 0.9, "val_accuracy": 0.7},
    {"phase": 2, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.8, "val_accuracy": 0.6},
    {"phase": 2, "loss": 0.2, "accuracy": 0.9, "val_loss": 1.1, "val_accuracy": 0.65},
]


def line(axes, label):
    (found,) = [line for line in axes.lines if str(line.get_label()).startswith(label)]
    return found


def drawn(figure):
    """The figure can be drawn; warnings are errors."""
    assert figure._repr_png_().startswith(b"\x89PNG")
    return figure.axes


def test_training_curves():
    loss, accuracy = drawn(plots.training_curves(HISTORY, ("head", "top")))
    assert list(line(loss, "training").get_ydata()) == [2.0, 1.0, 0.5, 0.2]
    assert list(line(loss, "validation").get_ydata()) == [1.5, 0.9, 0.8, 1.1]
    # One epoch, the one that a run keeps: the most accurate, whose loss is not the least.
    assert line(loss, "kept").get_label() == "kept: 0.900 in epoch 2"
    assert (list(line(loss, "kept").get_xdata()), list(line(loss, "kept").get_ydata())) == ([2], [0.9])
    assert line(accuracy, "kept").get_label() == "kept: 70.0 % in epoch 2"
    assert [text.get_text() for text in loss.texts] == ["head", "top"]
    assert [text.xy[0] for text in loss.texts] == [0.5, 2.5]


def test_training_curves_leave_gaps_where_values_are_missing(tmp_path):
    (tmp_path / "history.csv").write_text("phase,loss,accuracy,val_loss,val_accuracy\n1,2,0.2,,\n1,1,0.6,0.9,0.7\n")
    loss, _ = drawn(plots.training_curves(plots.read_history(tmp_path / "history.csv")))
    np.testing.assert_array_equal(line(loss, "validation").get_ydata(), [np.nan, 0.9])
    loss, _ = drawn(plots.training_curves([{"loss": 1, "accuracy": 0}]))
    assert [each.get_label() for each in loss.lines] == ["training"]
    assert not loss.texts


def test_history_that_is_none_is_named(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no column accuracy and loss"):
        plots.read_history(tmp_path / "other.csv")
    with pytest.raises(DataError, match=r"none.csv cannot be read"):
        plots.read_history(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="at least one epoch"):
        plots.training_curves([])


def test_learning_rates():
    rates, losses = [1e-4, 1e-3, 1e-2, 1e-1], [2.0, 1.0, 0.5, 90.0]
    (axes,) = drawn(plots.learning_rates(rates, losses, 1e-3))
    assert list(axes.lines[0].get_xdata()) == rates
    assert list(axes.lines[0].get_ydata()) == losses
    assert axes.get_xscale() == "log"
    # The explosion does not flatten the rest: 0.5 and 2.0 fill most of the height.
    low, high = axes.get_ylim()
    assert low < 0.5 < 2.0 < high < 3.0
    assert line(axes, "take 0.001").get_xdata() == [1e-3, 1e-3]


def test_confusion_matrix():
    (axes,) = drawn(plots.confusion_matrix(np.array([[8, 2], [0, 0]]), ["ant", "bee $x_"]))
    assert {text.get_position(): text.get_text() for text in axes.texts} == {(0, 0): "8", (1, 0): "2"}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["ant", "bee $x_"]
    colors = axes.images[0].get_array()
    blue, orange = np.array(to_rgb(style.BLUE)), np.array(to_rgb(style.ORANGE))
    np.testing.assert_allclose(colors[0, 0], 1 - np.sqrt(0.8) * (1 - blue))
    np.testing.assert_allclose(colors[0, 1], 1 - np.sqrt(0.2) * (1 - orange))
    np.testing.assert_allclose(colors[1], 1)  # a class without images


@pytest.mark.parametrize(
    ("classes", "numbers", "names"), [(1, 1, 1), (20, 20, 20), (21, 0, 21), (61, 0, 0), (200, 0, 0)]
)
def test_confusion_matrix_of_many_classes(classes, numbers, names):
    (axes,) = drawn(plots.confusion_matrix(np.eye(classes, dtype=int), [f"c{n}" for n in range(classes)]))
    assert (len(axes.texts), len(axes.get_xticks())) == (numbers, names)


def test_confusion_matrix_that_does_not_fit():
    with pytest.raises(UsageError, match=r"must have shape \(2, 2\).* Received: \(3, 3\)"):
        plots.confusion_matrix(np.eye(3), ["a", "b"])


def binned(counts, confidence, accuracy, error):
    return SimpleNamespace(
        counts=np.array(counts), confidence=np.array(confidence), accuracy=np.array(accuracy), error=error
    )


def test_reliability():
    nan = float("nan")
    above, below = drawn(plots.reliability(binned([2, 0, 0, 4], [0.2, nan, nan, 0.9], [0.5, nan, nan, 0.75], 0.1667)))
    right, gap = above.containers
    assert [bar.get_height() for bar in right] == pytest.approx([0.5, 0.75])
    assert [bar.get_x() + bar.get_width() / 2 for bar in right] == pytest.approx([1 / 8, 7 / 8])
    assert [bar.get_y() for bar in gap] == pytest.approx([0.5, 0.75])
    assert [bar.get_height() for bar in gap] == pytest.approx([0.2 - 0.5, 0.9 - 0.75])
    assert [bar.get_height() for bar in below.containers[0]] == [2, 0, 0, 4]
    assert above.get_title(loc="left") == "calibration error 16.7 %"


def test_reliability_of_nothing():
    with pytest.raises(UsageError, match="at least one image"):
        plots.reliability(binned([0], [float("nan")], [float("nan")], float("nan")))


def result(path, label, score=0.9):
    return Classification(str(path), "m", (Prediction(label, score, 0),))


def test_predictions(image, tmp_path):
    right, wrong = image("a.png", "red"), image("b.png", "blue", (90, 30))
    (tmp_path / "c.jpg").write_text("no image")
    broken = Classification(str(tmp_path / "c.jpg"), "m", error="not an image")
    figure = plots.predictions(
        [result(right, "ant"), result(wrong, "bee_$x$"), broken], ["ant", "wasp", "ant"], columns=2
    )
    cells = drawn(figure)
    assert [axes.get_title() for axes in cells] == [
        "✓ ant 90.0 %",
        "✗ bee_$x$ 90.0 %\ntrue: wasp",
        "not classified",
        "",
    ]
    colors = [to_rgb(axes.spines["top"].get_edgecolor()) for axes in cells[:3]]
    assert colors == [to_rgb(style.BLUE), to_rgb(style.ORANGE), to_rgb(style.LIGHT)]
    assert cells[1].images[0].get_array().shape == (30, 90, 3)
    assert (cells[0].images[0].get_array() == (255, 0, 0)).all()
    assert cells[2].texts[0].get_text()
    assert not cells[2].images


def test_predictions_that_do_not_fit(image):
    one = result(image("a.png", "red"), "ant")
    with pytest.raises(UsageError, match="as many labels as results"):
        plots.predictions([one], ["ant", "bee"])
    with pytest.raises(UsageError, match="have no path"):
        plots.predictions([Classification(None, "m", one.predictions)])
    with pytest.raises(UsageError, match="at least one"):
        plots.predictions([])


def test_large_images_become_thumbnails(tmp_path):
    Image.new("RGB", (3000, 1500)).save(tmp_path / "large.jpg")
    (axes,) = drawn(plots.image_grid([tmp_path / "large.jpg"], ["large"]))
    assert axes.images[0].get_array().shape == (120, 240, 3)


def test_augmented_samples_are_what_training_sees():
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    options, resize = Augmentation(crop=Crop(), flip=Flip()), Resize(32, 32)
    cells = drawn(plots.augmented(noise, options, resize, count=3, seed=5))
    np.testing.assert_array_equal(cells[0].images[0].get_array(), load_pixels(noise, resize))
    for epoch in range(3):
        expected = augment(open_image(noise), resize, options, image_rng(5, epoch, 0))
        np.testing.assert_array_equal(cells[epoch + 1].images[0].get_array(), expected)
    assert [axes.get_title() for axes in cells] == ["as predicted", "epoch 1", "epoch 2", "epoch 3"]


def test_augmented_samples_of_nothing(tmp_path):
    with pytest.raises(ImageError):
        plots.augmented(tmp_path / "none.jpg", Augmentation(), Resize(8, 8))
    with pytest.raises(UsageError, match="count=0"):
        plots.augmented(np.zeros((8, 8, 3), np.uint8), Augmentation(), Resize(8, 8), count=0)


def test_saliency(color_model):
    import kerastl

    half = np.zeros((32, 32, 3), np.uint8)
    half[:, :16] = (255, 0, 0)
    explained = kerastl.load(color_model).explain(half)
    left, right = drawn(explained.figure())
    np.testing.assert_array_equal(left.images[0].get_array(), half)
    np.testing.assert_array_equal(right.images[0].get_array(), np.asarray(explained.overlay()))
    assert left.get_title() == "red\n98.7 %"
    assert len(drawn(plots.saliency(explained, explained))) == 4


def test_figures_leave_matplotlib_as_it_was():
    code = (
        "import sys, matplotlib\n"
        # To look at the backend would import pyplot.
        "look = lambda: {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != 'backend'}\n"
        "before = look()\n"
        "from kerastl import plots\n"
        "plots.learning_rates([0.1, 1], [2, 1])._repr_png_()\n"
        "plots.confusion_matrix([[1]], ['a'])._repr_png_()\n"
        "plots.training_curves([{'loss': 1, 'accuracy': 0}])._repr_png_()\n"
        "assert look() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
