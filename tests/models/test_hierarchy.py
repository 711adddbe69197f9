import numpy as np
import pytest

from kerastl.errors import ModelError, UsageError
from kerastl.models import Hierarchy

# 0 beagle, 1 pug, 2 dog of no breed (a class above others), 3 owl, 4 stone; groups: 5 animal, 6 bird
NAMES = ("beagle", "pug", "dog", "owl", "stone", "animal", "bird")
PARENTS = (2, 2, 5, 6, None, None, 5)
TREE = Hierarchy(NAMES, PARENTS, 5)


def test_scores_add_up_along_the_tree():
    scores = TREE.scores([[0.25, 0.125, 0.0625, 0.5, 0.0625], [0, 0, 1, 0, 0]])
    assert scores.dtype == np.float64
    assert scores.tolist() == [
        [0.25, 0.125, 0.4375, 0.5, 0.0625, 0.9375, 0.5],
        [0, 0, 1, 0, 0, 1, 0],
    ]


def test_scores_of_a_random_tree_are_those_of_a_loop():
    random = np.random.default_rng(5)
    nodes = 60
    parents = tuple(None if node >= 55 else int(random.integers(max(node + 1, 40), nodes)) for node in range(nodes))
    used = {node for leaf in range(40) for node in path_of(parents, leaf)}
    keep = [node for node in range(nodes) if node in used]
    place = {node: number for number, node in enumerate(keep)} | {None: None}
    tree = Hierarchy(tuple(map(str, keep)), tuple(place[parents[node]] for node in keep), 40)
    probabilities = random.dirichlet(np.ones(40), 3)
    expected = np.zeros((3, len(keep)))
    for leaf in range(40):
        for node in path_of(parents, leaf):
            expected[:, place[node]] += probabilities[:, leaf]
    np.testing.assert_allclose(tree.scores(probabilities), expected, atol=1e-12)


def path_of(parents, node):
    while node is not None:
        yield node
        node = parents[node]


def test_depths_and_paths_count_from_the_top():
    assert TREE.depths == (3, 3, 2, 3, 1, 1, 2)
    assert [NAMES[node] for node in TREE.path(0)] == ["animal", "dog", "beagle"]
    assert [NAMES[node] for node in TREE.at_depth(1)] == ["animal", "animal", "animal", "animal", "stone"]
    assert [NAMES[node] for node in TREE.at_depth(2)] == ["dog", "dog", "dog", "bird", "stone"]
    assert TREE.at_depth(3) == TREE.at_depth(9) == (0, 1, 2, 3, 4)


def test_paths_make_a_tree_whose_classes_may_lie_above_others():
    tree = Hierarchy.of_paths(("dogs", "dogs/beagle", "wild/cats/lynx"))
    assert tree.names == ("dogs", "dogs/beagle", "wild/cats/lynx", "wild", "wild/cats")
    assert tree.parents == (None, 0, 4, None, 3)


def test_a_tree_survives_json():
    classes = ("a/b", "a/c", "d")
    tree = Hierarchy.of_paths(classes)
    assert tree.as_dict() == {"groups": ["a"], "parents": [3, 3, None, None]}
    assert Hierarchy.from_dict(tree.as_dict(), classes) == tree


def test_there_are_as_many_nodes_as_classes_at_least():
    with pytest.raises(UsageError, match="hierarchy: 3 classes among 2 nodes"):
        Hierarchy(("a", "b"), (None, None), 3)


@pytest.mark.parametrize(
    ("groups", "parents", "problem"),
    [
        ([], [None], "2 nodes, and parents of 1"),
        (["g"], [2, 2, 3], "a parent is neither null nor a place among 3 nodes"),
        (["g"], [2, 2, -1], "a parent is neither null"),
        (["g"], [2, True, None], "a parent is neither null"),
        (["g"], [2, "2", None], "a parent is neither null"),
        (["g"], [2, 1, None], "node 2 goes round in circles"),
        (["g", "h"], [2, None, 3, 2], "node 1 goes round in circles"),
        (["g"], [None, None, None], "node 3 has no class below it"),
        ([str(n) for n in range(101)], [None, 2, *range(3, 103), None], "more than 100 levels deep"),
    ],
)
def test_what_is_no_tree_is_refused(groups, parents, problem):
    with pytest.raises(ModelError, match=f"the metadata's hierarchy: .*{problem}"):
        Hierarchy.from_dict({"groups": groups, "parents": parents}, ["a", "b"])


def test_a_hundred_levels_are_let_through():
    assert max(Hierarchy.of_paths(("/".join("x" * 100), "y")).depths) == 100
    with pytest.raises(UsageError, match="more than 100 levels deep"):
        Hierarchy.of_paths(("/".join("x" * 101), "y"))
