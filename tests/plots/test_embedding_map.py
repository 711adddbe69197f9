import io

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from kerastl import plots
from kerastl.errors import UsageError
from kerastl.plots._categories import PALETTE, SHAPES, class_styles


def legend(figure):
    (axes,) = figure.axes
    figure.savefig(io.BytesIO())  # warnings are errors
    return [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []


def test_points_are_colored_by_label_and_mistakes_ringed():
    positions = np.array([[0, 0], [1, 0], [2, 0], [3, 1]])
    figure = plots.embedding_map(positions, ["b", "a", "a", ""], [False, True, False, False], title="Ants")
    assert legend(figure) == ["a (2)", "b (1)", "mistake"]
    none, a, b, rings = figure.axes[0].collections
    np.testing.assert_array_equal(a.get_offsets(), positions[1:3])
    np.testing.assert_array_equal(b.get_offsets(), positions[:1])
    np.testing.assert_array_equal(none.get_offsets(), positions[3:])
    np.testing.assert_array_equal(rings.get_offsets(), positions[1:2])
    assert a.get_facecolor().tolist() == [list(to_rgba(PALETTE[0]))]
    assert b.get_facecolor().tolist() == [list(to_rgba(PALETTE[1]))]
    assert figure.axes[0].get_title(loc="left") == "Ants"


def test_without_labels_there_is_no_legend():
    assert legend(plots.embedding_map(np.zeros((3, 2)))) == []


def test_names_are_text_and_only_the_largest_are_named():
    labels = [f"class {number:02}" for number in range(40)] + ["$x^2$", "$x^2$", "_hidden", "_hidden", "王", "王"]
    named = legend(plots.embedding_map(np.random.default_rng(0).normal(size=(46, 2)), labels))
    assert len(named) == 28
    assert named[0] == "$x^2$ (2)"
    assert " _hidden (2)" in named


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((np.zeros((0, 2)),), "positions must have the shape"),
        ((np.zeros((3, 3)),), "positions must have the shape"),
        ((np.zeros((3, 2)), ["a"]), "labels must be as many"),
        ((np.zeros((3, 2)), None, [True]), "mistakes must be as many"),
    ],
)
def test_what_is_wrong_is_said(arguments, reason):
    with pytest.raises(UsageError, match=reason):
        plots.embedding_map(*arguments)


def test_as_many_classes_as_there_are_colors_and_shapes_look_different():
    count = len(PALETTE) * len(SHAPES)
    positions = np.random.default_rng(0).normal(size=(count, 2))
    styles = class_styles(positions, np.arange(count), count)
    assert styles.min() == 0
    assert sorted({*map(tuple, styles[:7].tolist())}) == [(color, 0) for color in range(7)]
    # Classes of one color have different shapes, until these are used up.
    for color in range(len(PALETTE)):
        shapes = styles[styles[:, 0] == color, 1]
        assert len({*shapes.tolist()}) == min(len(shapes), len(SHAPES))


def test_a_color_is_used_again_far_away():
    """Eight classes on a line, seven colors: the eighth has the color of the one at the other end."""
    positions = np.array([[x, 0.0] for x in range(8)])
    styles = class_styles(positions, np.arange(8), 8)
    assert styles[:7, 0].tolist() == list(range(7))
    assert styles[7].tolist() == [0, 1]


def test_images_without_a_class_have_no_part_in_it():
    styles = class_styles(np.zeros((3, 2)), np.array([-1, 1, 1]), 2)
    assert styles.tolist() == [[1, 0], [0, 0]]  # the second class has more images
