import imagenet_tree as script
import pytest

from kerastl.models._imagenet_tree import imagenet_tree
from kerastl.models._labels import LabelSet
from kerastl.models._published_labels import imagenet, tiny_imagenet


def names_above(labels, wnid):
    tree = imagenet_tree(labels)
    return [tree.names[node] for node in tree.path(labels.wnids.index(wnid))]


# As WordNet 3.0 has them online, without groups that hold one group or class only, and above "artifact" and the like.
@pytest.mark.parametrize(
    ("wnid", "path"),
    [
        ("n02088364", "organism animal vertebrate mammal placental carnivore canine dog hunting_dog hound beagle"),
        ("n02123045", "organism animal vertebrate mammal placental carnivore feline cat domestic_cat tabby"),
        ("n01797886", "organism animal vertebrate bird game_bird grouse ruffed_grouse"),
        ("n02504458", "organism animal vertebrate mammal placental elephant African_elephant"),
        ("n07747607", "food food produce edible_fruit citrus orange"),
    ],
)
def test_classes_stand_where_wordnet_has_them(wnid, path):
    assert names_above(imagenet(), wnid) == path.split()


def test_every_class_of_imagenet_has_its_place():
    tree = imagenet_tree(imagenet())
    assert (tree.classes, tree.names[:1000], tree.wnids[:1000]) == (1000, imagenet().names, imagenet().wnids)
    assert len(set(tree.wnids)) == len(tree.names)
    dog = tree.wnids.index("n02084071")
    # ImageNet's classes 151 to 268 are its dogs: Chihuahua to Mexican hairless.
    assert [leaf for leaf in range(1000) if dog in tree.path(leaf)] == list(range(151, 269))


def test_a_group_with_a_single_group_below_is_left_out():
    tree = imagenet_tree(tiny_imagenet())
    assert all(len(tree.children[group]) > 1 for group in range(tree.classes, len(tree.names)))
    few = LabelSet(("beagle", "bluetick", "orange"), ("n02088364", "n02088632", "n07747607"))
    assert imagenet_tree(few).names == (*few.names, "hound")
    assert imagenet_tree(few).parents == (3, 3, None, None)


@pytest.mark.parametrize("wnids", [None, ("n02088364", "n02084071"), ("n02088364", "n1"), ("n02088364", "n02088364")])
def test_other_classes_have_no_tree(wnids):
    assert imagenet_tree(LabelSet(("a", "b"), wnids)) is None


def test_names_may_be_the_ids():
    tree = imagenet_tree(LabelSet(("n02088364", "n02088632", "n07747607")))
    assert tree.names == ("n02088364", "n02088632", "n07747607", "hound")
    assert tree.wnids[:3] == tree.names[:3]


def test_the_script_takes_the_first_hypernym_and_the_first_word():
    # Each line of a file of nouns begins with its own place in it: see wndb(5WN).
    lines = [
        "00000000 03 n 01 entity 0 000 | what there is",
        "00000046 03 n 02 canine 0 canid 1 001 @ 00000000 n 0000 | dogs and wolves",
        "00000120 03 n 01 pet 0 001 @ 00000000 n 0000 | kept at home",
        "00000180 03 n 02 dog 0 domestic_dog 0 003 @ 00000046 n 0000 ~ 00000000 n 0000 @ 00000120 n 0000 | it barks",
    ]
    nouns = "".join(f"{line}\n" for line in lines).encode()
    assert [nouns.index(line.encode()) for line in lines] == [0, 46, 120, 180]
    names, parents = script.tree(nouns, ["n00000180"])
    assert list(names.items()) == [("n00000000", "entity"), ("n00000046", "canine"), ("n00000180", "dog")]
    assert parents == {"n00000046": "n00000000", "n00000180": "n00000046"}
