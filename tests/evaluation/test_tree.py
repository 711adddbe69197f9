import numpy as np
import pytest
from sklearn.metrics import accuracy_score

import kerastl
from kerastl.errors import DataError
from kerastl.evaluation._tree import DepthAccuracy, SureAccuracy, TreeScores, tree_scores
from kerastl.models import Hierarchy
from kerastl.models._imagenet_tree import imagenet_tree
from kerastl.models._published_labels import tiny_imagenet
from kerastl.reporting import render

# 0 beagle, 1 pug, 2 owl, 3 stone; groups: 4 animal, 5 dog
TREE = Hierarchy(("beagle", "pug", "owl", "stone", "animal", "dog"), (5, 5, 4, None, None, 4), 4)
PROBABILITIES = np.array(
    [
        [0.875, 0.0625, 0.0625, 0],  # a beagle, and sure of it but for 0.9
        [0.5, 0.4375, 0.0625, 0],  # a pug taken for a beagle: a dog at least
        [0.3125, 0.3125, 0.375, 0],  # a beagle taken for an owl, while dogs score more together
        [0.25, 0.25, 0, 0.5],  # a stone, of which nothing is sure
    ],
    np.float32,
)
TRUTH = np.array([0, 1, 0, 3])


def test_accuracy_at_each_level_by_hand():
    scores = tree_scores(TREE, PROBABILITIES, TRUTH)
    assert scores.depths == (
        DepthAccuracy(1, 2, 1.0),  # stone or animal; of equal scores, as in the last row, the first counts
        DepthAccuracy(2, 3, 1.0),  # owl, stone or dog
        DepthAccuracy(3, 4, 0.5),
    )


def test_sure_answers_by_hand():
    at_80, at_90, at_95 = tree_scores(TREE, PROBABILITIES, TRUTH).sure
    assert at_80 == SureAccuracy(0.8, 0.75, 1.0, 0.25, (3 + 2 + 1 + 0) / 4)
    assert at_90 == SureAccuracy(0.9, 0.75, 1.0, 0.0, (2 + 2 + 1 + 0) / 4)
    assert at_95 == SureAccuracy(0.95, 0.75, 1.0, 0.0, (1 + 1 + 1 + 0) / 4)


def test_a_wrong_answer_counts_as_wrong_unless_it_is_above_the_right_class():
    wrong = tree_scores(TREE, PROBABILITIES[:2], np.array([2, 3])).sure[1]
    assert (wrong.answered, wrong.accuracy) == (1.0, 0.0)
    nothing = tree_scores(TREE, PROBABILITIES[3:], TRUTH[3:]).sure[1]
    assert nothing == SureAccuracy(0.9, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("depth", [1, 4, 9])
def test_levels_of_imagenets_tree_against_scikit_learn(depth):
    tree = imagenet_tree(tiny_imagenet())
    random = np.random.default_rng(7)
    probabilities = random.dirichlet(np.full(200, 0.02), 300)
    truth = np.where(random.random(300) < 0.5, probabilities.argmax(1), random.integers(200, size=300))
    groups = np.array(tree.at_depth(depth))
    sums = {group: probabilities[:, groups == group].sum(1) for group in np.unique(groups)}
    predicted = np.array(list(sums))[np.argmax(list(sums.values()), axis=0)]
    found = tree_scores(tree, probabilities, truth).depths[depth - 1]
    assert (found.depth, found.groups) == (depth, len(sums))
    assert found.accuracy == pytest.approx(accuracy_score(groups[truth], predicted))


def test_the_deepest_level_is_the_accuracy_of_the_classes():
    assert tree_scores(TREE, PROBABILITIES, TRUTH).depths[-1].accuracy == accuracy_score(TRUTH, PROBABILITIES.argmax(1))


def test_models_with_a_tree_are_evaluated_along_it(colored_model, colors):
    stored = {"groups": ["warm"], "parents": [3, 3, None, None]}
    model = colored_model(
        "classification", ("red", "green", "blue"), 10 * np.eye(3), [0.0] * 3, "softmax", hierarchy=stored
    )
    evaluation = kerastl.evaluate(model, colors, resamples=2)
    assert [row.groups for row in evaluation.tree.depths] == [2, 3]
    assert evaluation.tree.depths[-1].accuracy == evaluation.accuracy == 0.8
    assert evaluation.as_dict()["tree"]["sure"][0]["min_score"] == 0.8
    page = render(evaluation, mistakes=0, check=False)
    assert "Along the tree of classes" in page
    assert next(evaluation.tree.lines()) == "depth  1, 2 groups and classes: 80.0 %"


def test_models_without_a_tree_say_nothing_of_it(color_model, colors):
    evaluation = kerastl.evaluate(color_model, colors, resamples=2)
    assert evaluation.tree is evaluation.as_dict()["tree"] is None
    assert "Along the tree" not in render(evaluation, mistakes=0, check=False)


def test_folders_are_read_as_the_model_was_trained(colored_model, image, tmp_path):
    for name, color in {"warm/red": "red", "warm/green": (0, 255, 0), "cold/blue": "blue"}.items():
        image(f"nested/{name}/1.png", color)
    model = colored_model(
        "classification", ("warm/red", "warm/green", "cold/blue"), 10 * np.eye(3), [0.0] * 3, "softmax",
        class_folders="path", hierarchy={"groups": ["cold", "warm"], "parents": [4, 4, 3, None, None]},
    )  # fmt: skip
    evaluation = kerastl.evaluate(model, tmp_path / "nested", resamples=2)
    assert evaluation.accuracy == 1
    assert evaluation.tree.depths[0].groups == 2
    assert kerastl.evaluate(kerastl.load(model), tmp_path / "nested", resamples=2).accuracy == 1
    with pytest.raises(DataError, match="knows none of the classes"):
        kerastl.evaluate(model, tmp_path / "nested", classes="top")


def test_where_nothing_is_sure_no_fraction_of_it_is_told():
    scores = TreeScores((DepthAccuracy(1, 2, 0.5),), (SureAccuracy(0.9, 0.0, 0.0, 0.0, 0.0),))
    assert list(scores.lines()) == ["depth  1, 2 groups and classes: 50.0 %", "--sure 0.9: is sure of nothing"]
