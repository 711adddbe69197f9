"""Folders as people have them: what is taken for splits, what for classes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from patches import Fill

from kerastl.data import Dataset, scan
from kerastl.errors import DataError

Folders = Callable[..., Path]


@pytest.fixture
def folders(fill: Fill) -> Folders:
    """Makes folders with two files each that are called like images; nothing here opens them."""

    def make(*paths: str) -> Path:
        return fill({f"{path}/{number}.jpg": "" for path in paths for number in range(2)})

    return make


def both(*splits: str) -> list[str]:
    return [f"{split}/{name}" for split in splits for name in "ab"]


def parts(dataset: Dataset) -> dict[str, int]:
    return {split: len(dataset.subset(split)) for split in ("train", "val", "test") if dataset.subset(split)}


@pytest.mark.parametrize(
    "splits",
    [
        ("train", "dev"),
        ("training_set", "test_set"),
        ("Train Images", "Validation Images"),
        ("TRAIN", "HOLDOUT"),
        ("cifar_train", "cifar_test"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train", "valid/images"),
        ("archive/dataset/train", "archive/dataset/eval"),
        ("flowers17/trn", "flowers17/tst"),
        ("train_dir", "valdir"),
        ("Trainingsdaten", "Testdaten"),
        ("训练集", "测试集"),
        ("train_mnist", "test_mnist"),
        ("train_test_split/train", "train_test_split/test"),
        ("train/train", "train/test"),
    ],
)
def test_splits_by_many_names(folders: Folders, splits: tuple[str, str]) -> None:
    dataset = scan(folders(*both(*splits)))
    assert dataset.classes == ("a", "b")
    assert parts(dataset) == {"train": 4, "val": 4}
    assert dataset.warnings == ()


def test_names_that_do_not_speak_are_explained(folders: Folders) -> None:
    assert scan(folders(*both("train", "dev"))).layout == "train/ and dev/ (val) with 2 class folders"


def test_the_folder_that_splits_lie_in_is_said(folders: Folders) -> None:
    layout = scan(folders(*both("archive/set/train", "archive/set/val"))).layout
    assert layout == "train/ and val/ with 2 class folders in archive/set/"


def test_a_wrapper_around_classes(folders: Folders) -> None:
    dataset = scan(folders("images/a", "images/b"))
    assert dataset.classes == ("a", "b")
    assert dataset.layout == "2 class folders in images/"


def test_splits_within_the_classes(folders: Folders) -> None:
    dataset = scan(folders("cats/train", "cats/val", "dogs/train", "dogs/val"))
    assert dataset.classes == ("cats", "dogs")
    assert parts(dataset) == {"train": 4, "val": 4}
    assert dataset.layout == "2 class folders, each with train and val in it"


@pytest.mark.parametrize("name", ["{split}_{label}", "{label}-{split}"])
def test_split_and_class_in_one_name(folders: Folders, name: str) -> None:
    names = [name.format(split=split, label=label) for split in ("train", "test") for label in ("cats", "dogs")]
    dataset = scan(folders(*names))
    assert dataset.classes == ("cats", "dogs")
    assert parts(dataset) == {"train": 4, "val": 4}


@pytest.mark.parametrize(
    ("paths", "classes"),
    [
        (("bus", "train", "car"), ("bus", "car", "train")),
        (("bus", "train/steam", "car"), ("bus", "car", "train")),
        (("steam_train", "freight_train", "bus"), ("bus", "freight_train", "steam_train")),
        (("n1/images", "n2/images"), ("n1", "n2")),
        (("with_mask", "without_mask"), ("with_mask", "without_mask")),
    ],
)
def test_classes_whose_names_could_mislead(folders: Folders, paths: tuple[str, ...], classes: tuple[str, ...]) -> None:
    dataset = scan(folders(*paths))
    assert dataset.classes == classes
    assert dataset.warnings == ()


def test_a_class_called_train_with_folders_is_said(folders: Folders) -> None:
    (warning,) = scan(folders("bus", "train/steam", "train/diesel")).warnings
    assert "train is taken for a class, not for a split" in warning


@pytest.mark.parametrize("test", ["test", "test/test", "test/images"])
def test_a_test_folder_without_classes_is_left_out_and_said(folders: Folders, test: str) -> None:
    dataset = scan(folders(*both("train", "val"), test))
    assert parts(dataset) == {"train": 4, "val": 4}
    assert dataset.warnings == (f"{test}: no class folders in it (2 images without a label), left out",)
    assert f"{test}/0.jpg" in dataset.ignored


def test_unlabeled_images_beside_train(folders: Folders) -> None:
    dataset = scan(folders(*both("train"), "unlabeled"))
    assert dataset.classes == ("a", "b")
    assert "unlabeled/0.jpg" in dataset.ignored


@pytest.mark.parametrize(
    "paths",
    [
        ("images", "masks"),
        ("images", "labels"),
        ("JPEGImages", "SegmentationClass"),
        ("train/images", "train/masks", "val/images", "val/masks"),
        ("images/train", "images/val", "annotations/train", "annotations/val"),
        ("train", "train_masks", "test"),
    ],
)
def test_images_beside_masks_are_refused(folders: Folders, paths: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="data for segmentation or detection"):
        scan(folders(*paths))


def test_labels_of_detection_are_texts(fill: Fill) -> None:
    files = {
        f"{kind}/{part}/1.{suffix}": ""
        for kind, suffix in (("images", "jpg"), ("labels", "txt"))
        for part in ("train", "val")
    }
    with pytest.raises(DataError, match="labels/ beside a folder of images is data for segmentation or detection"):
        scan(fill(files))


def test_masks_within_classes_are_left_out(folders: Folders) -> None:
    dataset = scan(folders("COVID/images", "COVID/masks", "Normal/images", "Normal/masks"))
    assert dataset.classes == ("COVID", "Normal")
    assert len(dataset.items) == 4
    assert dataset.warnings == ("COVID/masks, Normal/masks: masks, not images to learn from; left out",)


@pytest.mark.parametrize(
    "paths",
    [
        both("fold1", "fold2"),
        both("site_a", "site_b"),
        both("photo/images", "sketch/images"),
        [f"fold{fold}/{digit}" for fold in (1, 2) for digit in range(3)],
        ["site1/cats", "site1/dogs", "site2/Cats", "site2/Dogs", "site2/birds"],
    ],
)
def test_folders_of_the_same_folders_are_refused(folders: Folders, paths: list[str]) -> None:
    with pytest.raises(DataError, match="they look like splits or groups, not classes"):
        scan(folders(*paths))


def test_people_and_their_sessions_are_classes_with_a_warning(folders: Folders) -> None:
    dataset = scan(folders("alice/s1", "alice/s2", "bob/s1", "bob/s2"))
    assert dataset.classes == ("alice", "bob")
    assert "alice and bob hold folders of the same names (s1, s2)" in dataset.warnings[0]


def test_nothing_to_train_on(folders: Folders) -> None:
    with pytest.raises(DataError, match="nothing to train on"):
        scan(folders(*both("val", "test")))


def test_the_hint_goes_to_the_folder_that_branches(folders: Folders) -> None:
    with pytest.raises(DataError, match=r"did you mean .*flowers/small, with 2 folders of images"):
        scan(folders("flowers/small/a", "flowers/small/b"))


def test_classes_that_are_written_alike_are_said(folders: Folders) -> None:
    root = folders("Cat", "cats", "cats ")
    assert scan(root).warnings == ("'cats' and 'cats ' differ in spaces only and are taken for one class",)
    (root / "cat").mkdir()
    (root / "cat" / "1.jpg").touch()
    assert "'Cat' and 'cat' are different classes here" in scan(root).warnings[1]


def test_training_validation_and_evaluation(folders: Folders) -> None:
    dataset = scan(folders(*both("training", "validation", "evaluation")))
    assert parts(dataset) == {"train": 4, "val": 4, "test": 4}


def test_a_split_beside_the_classes(folders: Folders) -> None:
    dataset = scan(folders("cats", "dogs", "test/cats", "test/dogs"))
    assert parts(dataset) == {"train": 4, "val": 4}
    assert dataset.classes == ("cats", "dogs")
    assert dataset.warnings == ()


def test_a_test_folder_written_in_another_case_is_not_left_out(folders: Folders) -> None:
    with pytest.raises(DataError, match="2 classes are in val or test but not in train: 'a', 'b'"):
        scan(folders("train/A", "train/B", "test/a", "test/b"))


def test_split_and_class_in_one_word(folders: Folders) -> None:
    dataset = scan(folders("trainA", "trainB", "testA", "testB"))
    assert dataset.classes == ("A", "B")
    assert parts(dataset) == {"train": 4, "val": 4}


def test_flat_splits_with_a_suffix_are_no_classes(folders: Folders) -> None:
    with pytest.raises(DataError, match="train_flowers: no class folders in it"):
        scan(folders("train_flowers", "test_flowers"))


@pytest.mark.parametrize(
    "paths",
    [
        ("archive/train/a", "archive/train/b", "archive (1)/test/a", "archive (1)/test/b"),
        ("bottle/train/good", "bottle/test/good", "cable/train/good", "cable/test/good", "cable/test/cut"),
    ],
)
def test_folders_that_hold_splits_are_no_classes(folders: Folders, paths: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match=r"are no classes, since they hold splits \(test, train\)"):
        scan(folders(*paths))


@pytest.mark.parametrize("names", [("valid", "invalid"), ("dev", "prod"), ("train_station", "test_tube")])
def test_adjectives_are_classes(folders: Folders, names: tuple[str, ...]) -> None:
    dataset = scan(folders(*names))
    assert dataset.classes == tuple(sorted(names))
    assert dataset.warnings == ()


def test_folders_without_images_are_named_where_one_class_is_left(folders: Folders) -> None:
    root = folders("cats")
    (root / "dogs").mkdir()
    with pytest.raises(DataError, match=r"one class only \('cats'\).*; there are no images in 'dogs'$"):
        scan(root)


def test_classes_that_are_called_like_splits_or_parts_are_said(folders: Folders) -> None:
    assert "validation is taken for a class" in scan(folders("cats", "dogs", "validation")).warnings[0]


def test_parts_of_an_archive_are_doubtful_classes(folders: Folders) -> None:
    assert (
        "images_part_1, images_part_2 are taken for classes"
        in scan(folders("images_part_1", "images_part_2")).warnings[0]
    )


def test_splits_in_folds_are_no_splits_of_classes(folders: Folders) -> None:
    with pytest.raises(DataError, match="fold1, fold2 are no classes, since they hold splits"):
        scan(folders(*both("fold1/train", "fold1/val", "fold2/train", "fold2/val")))


def test_labeled_beside_unlabeled(folders: Folders) -> None:
    assert scan(folders("labeled/a", "labeled/b", "unlabeled")).classes == ("a", "b")


def test_masks_beside_their_images_are_left_out(fill: Fill) -> None:
    files = {
        f"{name}/{name} ({n}){end}.png": "" for name in ("benign", "normal") for n in (1, 2) for end in ("", "_mask")
    }
    dataset = scan(fill({**files, "benign/face_mask.png": ""}))
    assert dataset.counts() == {"benign": 3, "normal": 2}
    assert dataset.warnings == ("4 images are called like masks of another and left out (benign/benign (1)_mask.png)",)


def test_a_table_one_folder_below_is_pointed_to(fill: Fill) -> None:
    root = fill({"images/1.jpg": "", "images/2.jpg": "", "tables/labels.csv": "path,label\n"})
    with pytest.raises(DataError, match=r"is .*tables/labels.csv the table to name\?"):
        scan(root)


def test_a_list_beside_the_images_is_pointed_to(fill: Fill) -> None:
    root = fill({"1.jpg": "", "2.jpg": "", "README.txt": "", "train_labels.txt": "1.jpg a\n2.jpg b\n"})
    with pytest.raises(DataError, match=r"is .*train_labels.txt the table to name\?"):
        scan(root)


def test_splits_to_hold_a_model_against_need_no_train(folders: Folders) -> None:
    dataset = scan(folders(*both("dev", "test_set")), for_training=False)
    assert parts(dataset) == {"val": 4, "test": 4}
    assert dataset.classes == ("a", "b")
