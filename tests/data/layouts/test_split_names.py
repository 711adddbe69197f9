"""What counts as the name of a split."""

from __future__ import annotations

import pytest

from kerastl.data._layouts.split_names import among, parse, split_and_class, split_of


@pytest.mark.parametrize(
    ("names", "split"),
    [
        ("train Training TRAIN trn training_set train-images trainset TrainImages train2017 train-256x256", "train"),
        ("train_data training.imgs train(1) trainval train_val 01_train", "train"),
        ("val valid Validation dev devel eval evaluation ValidationSet val_imgs valdata", "val"),
        ("test Testing tst holdout test_set testset test1 Test-Images test_dev", "test"),
    ],
)
def test_the_usual_names(names: str, split: str) -> None:
    for name in names.split():
        assert split_of(name) == split, name


@pytest.mark.parametrize("name", ["bus", "fold1", "images", "data", "set", "", "trained", "contest", "trainer", "7"])
def test_other_names(name: str) -> None:
    assert parse(name) is None


def test_a_prefix_counts_with_company_only() -> None:
    assert split_of("steam_train") is None
    assert among(["steam_train", "freight_train", "bus"]) == {}
    assert among(["train", "bus"]) == {}
    assert among(["cifar-test", "cifar-train"]) == {"cifar-train": "train", "cifar-test": "test"}
    assert among(["seg_pred", "seg_test", "seg_train"]) == {"seg_train": "train", "seg_test": "test"}
    assert among(["train", "my_test"]) == {"train": "train", "my_test": "test"}


@pytest.mark.parametrize(
    ("stem", "split"),
    [("train", "train"), ("trainLabels", "train"), ("labels_train", "train"), ("test_list", "test"), ("labels", None)],
)
def test_tables_have_endings_of_their_own(stem: str, split: str | None) -> None:
    found = parse(stem, table=True)
    assert (found.split if found else None) == split


def test_a_name_may_hold_split_and_class() -> None:
    assert split_and_class("test_red panda") == ("test", "red panda")
    assert split_and_class("red-panda-train") == ("train", "red-panda")
    assert split_and_class("cats") is None
