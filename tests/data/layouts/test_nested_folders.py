"""Class folders in class folders: what names the classes, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from patches import Fill

import kerastl
from kerastl.data import Dataset, scan
from kerastl.data._folders import read
from kerastl.errors import DataError, UsageError

Folders = Callable[..., Path]
ANIMALS = ("animals/dogs/beagle", "animals/dogs/pug", "animals/cats", "plants/rose")


@pytest.fixture
def folders(fill: Fill) -> Folders:
    """Makes folders with two files each that are called like images; nothing here opens them."""

    def make(*paths: str) -> Path:
        return fill({f"{path}/{number}.jpg": "" for path in paths for number in range(2)})

    return make


def labels(dataset: Dataset) -> dict[str, str]:
    return {item.path.rpartition("/")[0]: item.label for item in dataset.items}


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (None, ["animals", "animals", "animals", "plants"]),
        ("top", ["animals", "animals", "animals", "plants"]),
        ("leaf", ["beagle", "pug", "cats", "rose"]),
        ("path", list(ANIMALS)),
    ],
)
def test_the_class_is_the_outermost_folder_or_the_innermost_or_the_way(folders, classes, names):
    dataset = read(folders(*ANIMALS), True, classes)
    assert labels(dataset) == dict(zip(ANIMALS, names, strict=True))
    assert dataset.classes == tuple(sorted(set(names)))
    assert dataset.warnings == ()


def test_folders_that_nobody_spoke_of_are_said(folders):
    assert read(folders(*ANIMALS)).layout == (
        "2 class folders; 4 folders in them belong to them (classes of their own with --classes leaf or path)"
    )
    assert read(folders(*ANIMALS), True, "top").layout == "2 class folders"
    assert read(folders(*ANIMALS), True, "path").layout == "4 class folders, named by their paths"
    assert read(folders("more/a/one", "more/b/two") / "more").layout == "2 class folders"  # as many classes either way


def test_paths_make_a_tree_of_the_classes(folders):
    tree = read(folders(*ANIMALS), True, "path").hierarchy
    assert tree is not None
    assert tree.names[4:] == ("animals", "animals/dogs", "plants")
    assert read(folders(*ANIMALS), True, "leaf").hierarchy is None


@pytest.mark.parametrize("wrapper", ["", "archive/"])
def test_splits_above_them_stay_splits(folders, wrapper):
    paths = [f"{wrapper}{split}/{path}" for split in ("train", "val") for path in ANIMALS]
    dataset = read(folders(*paths), True, "path")
    assert dataset.classes == tuple(sorted(ANIMALS))
    assert [len(dataset.subset(split)) for split in ("train", "val", "test")] == [8, 8, 0]


def test_a_class_that_only_val_has_is_refused_at_its_level(folders):
    root = folders("train/a/x", "train/b/y", "val/a/x", "val/b/z")
    assert read(root, True, "top").classes == ("a", "b")
    with pytest.raises(DataError, match="'b/z' is in val"):
        read(root, True, "path")


def test_images_beside_folders_make_a_class_of_their_own_and_that_is_said(folders):
    root = folders("dogs", "dogs/beagle", "cats")
    dataset = read(root, True, "path")
    assert labels(dataset) == {"dogs": "dogs", "dogs/beagle": "dogs/beagle", "cats": "cats"}
    assert dataset.warnings == ("dogs: 2 images lie beside folders of images and make a class of their own, 'dogs'",)
    assert dataset.hierarchy is not None
    assert dataset.hierarchy.parents == (None, None, 1)


def test_one_name_in_several_places_is_one_class_by_leaf_and_that_is_said(folders):
    root = folders("site1/cat", "site1/dog", "site2/cat", "site2/dog", "site3/cat")
    dataset = read(root, True, "leaf")
    assert dataset.counts() == {"cat": 6, "dog": 4}
    assert dataset.warnings == (
        "'cat' is one class, from 'site1/cat', 'site2/cat', 'site3/cat'; --classes path keeps them apart",
        "'dog' is one class, from 'site1/dog', 'site2/dog'; --classes path keeps both apart",
    )
    assert read(root, True, "path").counts()["site1/cat"] == 2
    with pytest.raises(DataError, match="--classes leaf takes the folders in them for the classes"):
        read(folders("two/site1/cat", "two/site1/dog", "two/site2/cat", "two/site2/dog") / "two")


def test_folders_that_only_wrap_others_and_masks_are_no_classes(folders):
    dataset = read(folders("dogs/beagle/images", "dogs/pug/images", "dogs/pug/masks", "cats/cats"), True, "path")
    assert dataset.classes == ("cats", "dogs/beagle", "dogs/pug")
    assert dataset.warnings == ("dogs/pug/masks: masks, not images to learn from; left out",)
    assert "dogs/pug/masks/0.jpg" in dataset.ignored


def test_names_that_differ_in_spaces_become_one_and_are_said(folders):
    dataset = read(folders("dogs/ beagle", "dogs/beagle", "cats/lynx"), True, "path")
    assert dataset.counts() == {"cats/lynx": 2, "dogs/beagle": 4}
    assert dataset.warnings == ("' beagle' and 'beagle' differ in spaces only and are taken for one class",)


def test_empty_folders_beside_classes_are_said_by_their_paths(folders):
    root = folders("dogs/beagle", "dogs/pug", "cats/lynx")
    (root / "dogs/akita").mkdir()
    assert read(root, True, "path").warnings == ("'dogs/akita': no images in it, left out of the classes",)


def test_images_of_other_kinds_are_counted_to_the_class_they_lie_in(folders, fill):
    root = folders("dogs", "dogs/beagle", "cats/lynx")
    (root / "dogs/1.dcm").write_bytes(b"")
    (root / "dogs/akita").mkdir()
    (root / "dogs/akita/1.dcm").write_bytes(b"")
    left_out = {one.path: one.label for one in read(root, True, "path").left_out}
    assert left_out == {"dogs/1.dcm": "dogs", "dogs/akita/1.dcm": "dogs/akita"}


def test_a_link_back_up_ends(folders):
    root = folders("dogs/beagle", "dogs/pug", "cats/lynx")
    (root / "dogs/beagle/again").symlink_to(root, target_is_directory=True)
    assert read(root, True, "path").classes == ("cats/lynx", "dogs/beagle", "dogs/pug")


def test_a_single_outermost_folder_is_enough_for_leaf_and_path(folders):
    root = folders("animals/dog", "animals/cat")
    with pytest.raises(DataError, match=r"one class only .* or --classes leaf"):
        read(root, True)
    assert read(root, True, "leaf").classes == ("cat", "dog")


def test_braces_in_a_folder_around_all_are_no_fields(folders):
    assert read(folders("set{0}/train/a", "set{0}/train/b", "set{0}/val/a", "set{0}/val/b")).layout == (
        "train/ and val/ with 2 class folders in set{0}/"
    )


def test_scanning_and_checking_take_the_choice(folders):
    root = folders(*ANIMALS)
    assert scan(root, classes="leaf").classes == ("beagle", "cats", "pug", "rose")
    assert kerastl.check(root, classes="path").dataset.classes == tuple(sorted(ANIMALS))
    with pytest.raises(UsageError, match=r"classes must be one of leaf, top, path\. Received: 'inner'"):
        scan(root, classes="inner")


def test_labels_of_a_table_are_no_folders(folders):
    root = folders("a", "b")
    rows = [(str(root / "a/0.jpg"), "x/y"), (str(root / "b/0.jpg"), "z")]
    with pytest.raises(UsageError, match="here labels are not the names of folders"):
        scan(rows, classes="leaf")


def test_a_tree_that_is_too_deep_is_refused(folders):
    with pytest.raises(DataError, match="more than 100 levels deep"):
        scan(folders("/".join("xy"[level % 2] for level in range(101)), "z"), classes="path")
