"""What people call the columns of a table of labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerastl._base.text import printable
from kerastl.data._dataset import Split
from kerastl.data._layouts.table_files import Table

# Compared without case, without what is neither letter nor digit, and without a plural's s; the best first.
PATHS = (
    "path", "filepath", "filename", "file", "fullpath", "relativepath", "relpath", "imagepath", "imgpath", "imagefile",
    "imagefilename", "imagename", "imgname", "imgfile", "imgfilename", "image", "img", "imageindex", "imageid", "imgid",
    "isicid", "picture", "picturename", "pic", "photo", "photoid", "photoname", "fname", "fn", "filenameindexed",
    "pathtoimage", "uri", "idcode", "dirname", "id", "name", "uid", "uuid", "key", "nr", "no", "number", "index",
    "code", "sample", "sampleid", "case", "caseid", "scan", "jpg", "png", "x",
)  # fmt: skip
LABELS = (
    "label", "class", "target", "classname", "labelname", "category", "categoryname", "species", "breed", "diagnosis",
    "dx", "findinglabel", "finding", "disease", "variety", "groundtruth", "gt", "annotation", "tag", "emotion",
    "expression", "classlabel", "labelid", "classid", "categoryid", "labelindex", "classindex", "targetname",
    "commonname", "scientificname", "genus", "family", "kind", "type", "grade", "level", "severity", "stage", "y",
    "name",
)  # fmt: skip
SPLIT_COLUMNS = ("split", "dataset", "set", "subset", "part", "partition", "fold", "phase", "usage", "mode")
# Columns of true and false: the splits that these stand for.
FLAGS: Mapping[str, tuple[Split, Split]] = {
    "isvalid": ("val", "train"),
    "isval": ("val", "train"),
    "isvalidation": ("val", "train"),
    "istest": ("test", "train"),
    "istrain": ("train", "val"),
    "istraining": ("train", "val"),
    "istrainingimg": ("train", "val"),
    "istrainingimage": ("train", "val"),
}
# Names that say little: what stands in the column decides.
_VAGUE = frozenset((
    "id", "name", "uid", "uuid", "key", "nr", "no", "number", "index", "code", "sample", "sampleid", "case", "caseid",
    "scan", "jpg", "png", "x", "y", "kind", "type", "level", "stage", "tag",
))  # fmt: skip


@dataclass(frozen=True)
class Places:
    """Where a table's columns stand, as the places in a row.

    Args:
        path: Of paths.
        labels: Of labels; or several, each named after a class, of which one holds a 1 in each row.
        split: Of splits.
        sure: Whether a name that leaves no doubt says that these are labels.
        several: Whether an image may have any number of labels.
        flags: Whether the columns of labels are named after classes, and hold ones and zeros.
    """

    path: int
    labels: tuple[int, ...]
    split: int | None = None
    sure: bool = True
    several: bool = False
    flags: bool = False

    def named(self, table: Table) -> str:
        """The columns, for people."""
        if len(self.labels) > 1:
            label = f"{len(self.labels)} columns of labels ({table.header[self.labels[0]]}, ...)"
        else:
            label = table.header[self.labels[0]]
        split = [] if self.split is None else [table.header[self.split]]
        return ", ".join(printable(name) for name in (table.header[self.path], label, *split))


def by_name(header: Sequence[str]) -> Places | None:
    """The columns, where names alone tell them."""
    path, label, split = (known_columns(header, names) for names in (PATHS, LABELS, SPLIT_COLUMNS))
    label = [place for place in label if place not in path[:1]]
    return Places(path[0], (label[0],), split[0] if split else None) if path and label else None


def flag_splits(name: str) -> tuple[Split, Split] | None:
    """The splits that true and false stand for in a column such as `is_valid`; None for other columns."""
    return FLAGS.get(plain_name(name))


def ones(cells: Sequence[str], places: Sequence[int]) -> list[int] | None:
    """The columns with a 1, if all others hold a 0."""
    found = [place for place in places if cells[place].strip() in ("1", "1.0")]
    rest = all(cells[place].strip() in ("0", "0.0", "") for place in places if place not in found)
    return found if rest else None


def one_hot(cells: Sequence[str], places: Sequence[int]) -> int | None:
    """The column with the 1, if there is just one and all others hold a 0."""
    found = ones(cells, places)
    return found[0] if found is not None and len(found) == 1 else None


def known_columns(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """The columns that have one of some names, those with the first name first."""
    plain = [plain_name(name) for name in header]
    return [place for name in names for place, given in enumerate(plain) if given == plain_name(name)]


def plain_name(name: str) -> str:
    """A name without what people write differently."""
    return re.sub(r"[\W_]+", "", name).lower().removesuffix("s")


def is_vague(name: str) -> bool:
    """Whether a column's name leaves open what stands in it."""
    return plain_name(name) in {plain_name(vague) for vague in _VAGUE}
