"""Make `kerastl/models/imagenet_tree.txt`, the tree of ImageNet's classes, out of WordNet 3.0.

The WordNet ids of ImageNet's classes are places in WordNet's file of nouns (`data.noun`, in Debian's package
wordnet-base as /usr/share/wordnet/data.noun; its format is described in wndb(5WN)). The tree holds what stands above
the classes there: hypernyms, hypernyms of those, and so on.

WordNet is no tree: some synsets have several hypernyms. The first one is taken, which is the main sense (a dog is a
canine, then a domestic animal), but for those in `MAIN_HYPERNYM`. Groups that hold a single group or class say nothing
that this one does not say, and are left out; so are the root, "entity", and the groups just below it in `GENERAL`,
whose names tell nobody anything.

Usage: python scripts/imagenet_tree.py /usr/share/wordnet/data.noun
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

MODELS = Path(__file__).parents[1] / "kerastl" / "models"
CLASSES, TREE = MODELS / "imagenet.txt", MODELS / "imagenet_tree.txt"
HEADER = """\
# What stands above ImageNet's classes in WordNet 3.0, made by scripts/imagenet_tree.py; license: wordnet_license.txt
# A line a group, those above first: WordNet id, that of the group above (- at the top), name.
# Then a line a class: WordNet id, that of the group above.
"""
# game_bird: a gallinaceous_bird rather than game; bakery: a shop rather than a workplace; food (solid): food (nutrient)
# rather than matter beside it.
MAIN_HYPERNYM = {"n02153203": "n01789386", "n02776631": "n04202417", "n07555863": "n00021265"}

# physical_entity, object, whole, matter, abstraction: nobody says of a photo that it shows "a whole".
GENERAL = {"n00001930", "n00002684", "n00003553", "n00020827", "n00002137"}


def hypernyms(nouns: bytes, wnid: str) -> tuple[str, list[str]]:
    """The first word of a synset, and the WordNet ids of its hypernyms in the order of the file."""
    start = int(wnid[1:])
    fields = nouns[start : nouns.index(b"\n", start)].decode("ascii").split(" | ")[0].split()
    if f"n{fields[0]}" != wnid:
        raise SystemExit(f"{wnid}: there is no such synset: is this data.noun of WordNet 3.0?")
    words = int(fields[3], 16)
    pointers = fields[5 + 2 * words :]
    above = [f"n{pointers[at + 1]}" for at in range(0, len(pointers), 4) if pointers[at] in ("@", "@i")]
    return fields[4], above


def tree(nouns: bytes, classes: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The names of all nodes, those above first, and the parent of each but the root."""
    names: dict[str, str] = {}
    parents: dict[str, str] = {}

    def add(wnid: str) -> None:
        if wnid not in names:
            name, above = hypernyms(nouns, wnid)
            if above:
                parents[wnid] = MAIN_HYPERNYM.get(wnid, above[0])
                add(parents[wnid])
            names[wnid] = name

    for wnid in classes:
        add(wnid)
    return names, parents


def main() -> None:
    """Write the file."""
    classes = [line.split(" ", 1)[0] for line in CLASSES.read_text(encoding="utf-8").splitlines()]
    names, parents = tree(Path(sys.argv[1]).read_bytes(), classes)
    children = Counter(parents.values())
    leaves = set(classes)
    kept = [
        wnid for wnid in names if wnid in leaves or (children[wnid] > 1 and wnid in parents and wnid not in GENERAL)
    ]

    def above(wnid: str) -> str:
        while (wnid := parents.get(wnid, "-")) != "-" and wnid not in kept:
            pass
        return wnid

    groups = [f"{wnid} {above(wnid)} {names[wnid]}\n" for wnid in kept if wnid not in leaves]
    rows = [f"{wnid} {above(wnid)}\n" for wnid in classes]
    TREE.write_text(HEADER + "".join(groups + rows), encoding="utf-8")


if __name__ == "__main__":
    main()
