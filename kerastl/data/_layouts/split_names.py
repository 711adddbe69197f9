"""What people call the splits of a data set: `train`, `dev`, `training_set`, `seg_test`, `val2017`."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kerastl.data._dataset import SPLITS, Split

_NAMES: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn", "learn", "learning", "trainval", "traindev"), "train"),
    **dict.fromkeys(("labeled", "labelled"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "vld", "dev", "devel", "development", "eval"), "val"),
    **dict.fromkeys(("evaluation", "evaluate"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
    **dict.fromkeys(("entrenamiento", "entrainement", "entraînement", "treino", "addestramento"), "train"),
    **dict.fromkeys(("trainings", "eğitim", "egitim", "обучение"), "train"),
    **dict.fromkeys(("训练", "训练集", "訓練", "学習", "훈련", "학습"), "train"),
    **dict.fromkeys(("validierung", "validacion", "validación", "validação", "validacao", "validazione"), "val"),
    **dict.fromkeys(("validierungs", "doğrulama", "dogrulama", "валидация", "验证", "验证集", "検証", "검증"), "val"),
    **dict.fromkeys(("prueba", "pruebas", "teste", "essai", "тест", "测试", "测试集", "テスト", "테스트"), "test"),
}  # fmt: skip
_OF_IMAGES = frozenset((
    "set", "sets", "data", "dataset", "datasets", "image", "images", "img", "imgs", "picture", "pictures", "pic",
    "pics", "photo", "photos", "folder", "split", "samples", "files", "aug", "augmented", "resized", "small", "clean",
    "full", "cropped", "processed", "preprocessed", "raw", "jpg", "jpeg", "png", "dir", "directory", "daten", "v",
))  # fmt: skip
_OF_TABLES = frozenset((
    "label", "labels", "list", "lists", "meta", "metadata", "info", "annotation", "annotations", "gt", "df", "final",
    "csv", "table", "classes", "class", "index", "ids",
))  # fmt: skip
# What lies beside `train` and has no classes.
_UNLABELLED = frozenset((
    "unlabeled", "unlabelled", "pred", "predict", "prediction", "predictions", "sample", "samples", "example",
    "examples", "inference", "submission", "demo", "new", "unknown", "extra",
))  # fmt: skip


_WITH_CLASS = (
    r"(?P<split>[A-Za-z]+)[\s_\-.]+(?P<label>.+)",
    r"(?P<label>.+)[\s_\-.]+(?P<split>[A-Za-z]+)",
    r"(?P<split>[A-Za-z][a-z]+)(?P<label>[A-Z].*)",
)


@dataclass(frozen=True)
class SplitName:
    """A name taken apart.

    Args:
        split: What it stands for.
        prefix: The words before that, in lower case, joined by spaces: `seg` of `seg_train`.
        suffix: The words after it, likewise: `mnist` of `train_mnist`. A name has one of both.
    """

    split: Split
    prefix: str = ""
    suffix: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether nothing else is said."""
        return not self.prefix and not self.suffix


def split_of(text: str) -> Split | None:
    """The split that a word stands for, in a table's cell or as a folder's name; None if it is none."""
    found = parse(text)
    return found.split if found and found.is_plain else None


def parse(name: str, *, table: bool = False) -> SplitName | None:
    """Take the name of a folder, or of a table without its suffix, apart."""
    endings = _OF_IMAGES | _OF_TABLES if table else _OF_IMAGES
    words = _words(name)
    while len(words) > 1 and words[-1] in endings:
        words.pop()
    if not words:
        return None
    if all(word in _NAMES for word in words):  # train_val is for training, test_dev for testing
        return SplitName(_NAMES[words[0]])
    if table and words[0] not in _NAMES and len(words) > 1 and words[0] in endings:
        return parse(" ".join(words[1:]), table=True)  # labels_train.csv
    if split := _NAMES.get(words[-1]) or _glued(words[-1], endings):
        return SplitName(split, prefix=" ".join(words[:-1]))
    return SplitName(_NAMES[words[0]], suffix=" ".join(words[1:])) if words[0] in _NAMES else None


def is_unlabeled(name: str) -> bool:
    """Whether a folder beside `train` is called like one without classes: `unlabeled`, `seg_pred`, `samples`."""
    words = _words(name)
    return any(word in _UNLABELLED for word in words)


def among(names: Iterable[str]) -> dict[str, Split]:
    """The splits among names that lie beside each other.

    A name with a prefix, such as `seg_train`, counts if another split has the same prefix or none; one with a suffix,
    such as `train_mnist`, if another split has the same. `train_station` is none, be there a `test` or not.

    Returns:
        Name to split, in the order of train, val and test; empty unless there are two different splits.
    """
    parsed = {name: found for name in names if (found := parse(name)) is not None}
    kin: dict[tuple[str, str], set[Split]] = defaultdict(set)
    for found in parsed.values():
        kin[found.prefix, found.suffix].add(found.split)
    splits: dict[str, Split] = {}
    for name, found in parsed.items():
        beside = kin[found.prefix, found.suffix] | (set() if found.suffix else kin["", ""])
        if found.is_plain or len(beside) > 1:
            splits[name] = found.split
    validated = any(split == "val" and not _is_evaluation(name) for name, split in splits.items())
    if validated:  # training, validation and evaluation
        splits = {name: "test" if _is_evaluation(name) else split for name, split in splits.items()}
    if len(set(splits.values())) < 2:
        return {}
    return {name: splits[name] for name in sorted(splits, key=lambda name: (SPLITS.index(splits[name]), name))}


def _is_evaluation(name: str) -> bool:
    return any(word.startswith("eval") for word in _words(name))


def split_and_class(name: str) -> tuple[Split, str] | None:
    """Split and class of a name that holds both: `cats_train`, `test_cats` or `trainA`."""
    for pattern in _WITH_CLASS:
        found = re.fullmatch(pattern, name.strip())
        if found and (split := _NAMES.get(found["split"].lower())):
            return split, found["label"]
    return None


def _words(name: str) -> list[str]:
    """The words of a name in lower case; numbers say nothing here (`val2017`, `train-256x256`)."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name)).lower()
    words = re.split(r"[^\w]+|_+|\d+(?:x\d+)?(?:px)?", parted)
    return [word for word in words if word]


def _glued(word: str, endings: Iterable[str]) -> Split | None:
    for ending in endings:
        if word.endswith(ending) and (split := _NAMES.get(word.removesuffix(ending))):
            return split
    return None
