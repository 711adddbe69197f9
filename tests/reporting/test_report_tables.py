import base64
import io

import numpy as np
import pytest
from PIL import Image

from kerastl.data._dataset import Dataset
from kerastl.data._findings import CheckReport, Evidence, Finding
from kerastl.evaluation._metrics import ClassScores, ConfusionMatrix
from kerastl.evaluation._robustness import Robustness
from kerastl.reporting import _tables as tables


def test_cells_are_as_strong_as_the_root_of_their_share():
    made = tables.matrix(ConfusionMatrix(np.array([0, 2]), np.array([[3, 1], [0, 0]])), ("ant", "bee", "cat"))
    assert made.names == ("ant", "cat")
    assert made.image == ""
    assert [[(cell.value, cell.strength) for cell in row] for row in made.rows] == [
        [(3, pytest.approx(0.75**0.5)), (1, 0.5)],
        [(0, 0), (0, 0)],
    ]


def test_a_single_mistake_among_many_images_can_be_seen():
    made = tables.matrix(ConfusionMatrix(np.array([0, 1]), np.array([[9999, 1], [0, 1]])), ("ant", "bee"))
    assert made.rows[0][1].strength == 0.3


def test_many_classes_are_a_transparent_image():
    counts = np.diag(np.full(61, 4))
    counts[0] = 0
    counts[0, 5] = 1
    counts[1, 2] = 1
    names = [str(number) for number in range(61)]
    made = tables.matrix(ConfusionMatrix(np.arange(61), counts), names)
    assert made.rows == ()
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(made.image.split(",")[1]))))
    assert pixels.shape == (61, 61, 4)
    assert pixels[3, 3].tolist() == [0, 114, 178, 255]
    assert pixels[0, 5].tolist() == [213, 94, 0, 255]
    assert pixels[1, 2, 3] == round(255 * (1 / 5) ** 0.5)
    assert pixels[0, 0].tolist() == [0, 0, 0, 0]


def scores(label, f1, support):
    return ClassScores(label, 0, f1, f1, f1, support)


def test_the_worst_class_comes_first_and_the_larger_of_two_equals():
    classes = [scores("a", 0.9, 5), scores("b", 0.2, 1), scores("c", 0.2, 8)]
    assert [one.label for one in tables.worst_first(classes)] == ["c", "b", "a"]


def test_corruptions_are_colored_by_what_they_cost():
    noise, blur = tables.corruptions(Robustness(0.8, {"blur": (0.8, 0.9), "noise": (0.6, 0.0)}))
    assert (noise.name, blur.name) == ("noise", "blur")
    assert [cell.strength for cell in noise.cells] == [pytest.approx(0.25), 1.0]
    assert [cell.strength for cell in blur.cells] == [0, 0]
    assert (noise.mean.value, noise.mean.strength) == (pytest.approx(0.3), pytest.approx(0.625))


def test_a_model_that_is_never_right_has_nothing_to_lose():
    (row,) = tables.corruptions(Robustness(0.0, {"blur": (0.0,)}))
    assert row.cells[0].strength == 0


def test_findings_are_shown_with_the_first_examples(tmp_path):
    evidence = tuple(Evidence((f"{n}.jpg", f"{n}b.jpg"), "cut off") for n in range(5))
    small = [Finding("small_class", "warning", f"class '{n}' has only 3") for n in range(4)]
    rare = Finding("rare_format", "warning", "1 image is a GIF", (Evidence(("a.gif",)),))
    findings = (Finding("unreadable", "problem", "5 images cannot be read", evidence), *small, rare)
    report = CheckReport(Dataset(tmp_path, ("a", "b"), (), ""), {}, {}, {}, findings)
    first, second, third = tables.problems(report)
    assert (first.is_problem, first.message, first.more) == (True, "5 images cannot be read", 2)
    assert first.examples[0] == "0.jpg, 0b.jpg (cut off)"
    assert (second.message, second.examples[0], second.more) == (
        "4 classes with few images",
        "class '0' has only 3",
        1,
    )
    assert (third.message, third.examples, third.more) == ("1 image is a GIF", ("a.gif",), 0)
