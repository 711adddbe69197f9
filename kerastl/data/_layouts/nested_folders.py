"""Class folders in class folders, such as `animals/dogs/beagle`: which part of the way names the class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from kerastl._base.text import listed, printable
from kerastl.data._layouts.class_names import class_name, respelled
from kerastl.data._layouts.doubtful_folders import few, masks_among, masks_left_out
from kerastl.data._layouts.folder_layouts import FolderLayout
from kerastl.data._layouts.image_folders import ImageFolder

_Parts: TypeAlias = tuple[str, ...]
_NAMING: Mapping[str, Callable[[_Parts], str]] = {"leaf": lambda parts: parts[-1], "path": "/".join}


def nested(tree: ImageFolder, layout: FolderLayout, classes: str | None) -> FolderLayout:
    """Take folders inside class folders for classes, too, as is asked for.

    Args:
        tree: What lies below the root.
        layout: With the outermost folders as classes.
        classes: One of `ClassFolders`; None takes the outermost, as `top` does, and says of folders in them that they
            could be classes.

    Returns:
        The layout to use.
    """
    if classes == "top":
        return layout
    found = _Nested(tree, layout)
    if classes is not None:
        return found.layout(classes)
    inner = {parts for parts in found.parts.values() if len(parts) > 1}
    if len({*found.parts.values()}) <= len({parts[0] for parts in found.parts.values()}):
        return layout  # as many folders as classes
    what = "1 folder in them belongs" if len(inner) == 1 else f"{len(inner):,} folders in them belong"
    return replace(layout, text=f"{layout.text}; {what} to them (classes of their own with --classes leaf or path)")


@dataclass
class _Nested:
    """The innermost folders of images, and those between with images of their own.

    Args:
        tree: What lies below the root.
        outermost: The layout with the outermost folders as classes.
        parts: Path of a folder to the names on the way to it, from the outermost class folder.
        left_out: Folders of masks.
        mixed: Folders with images beside folders of images, and how many.
        spellings: The ways in which each folder's name was written.
    """

    tree: ImageFolder
    outermost: FolderLayout
    parts: dict[str, _Parts] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    mixed: dict[str, int] = field(default_factory=dict)
    spellings: dict[_Parts, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path, (name, _) in self.outermost.classes.items():
            self._look(_at(self.tree, path), name, ())

    def _look(self, folder: ImageFolder, name: str, above: _Parts) -> None:
        parts = (*above, class_name(name))
        self.spellings.setdefault(parts, set()).add(name)
        content = folder.unwrapped(folder.name)
        masks = masks_among(content.folders)
        self.left_out |= {content.below(mask) for mask in masks}
        inner = {below: found for below, found in content.folders.items() if below not in masks}
        if masks and len(inner) == 1 and not content.direct:  # images/ beside masks/
            inner = {}
        if content.direct or not inner:
            self.parts[folder.path] = parts
        if content.direct and inner:
            self.mixed[folder.path] = content.direct
        for below, found in inner.items():
            self._look(found, below, parts)

    def layout(self, classes: str) -> FolderLayout:
        """The layout with these folders as classes."""
        naming, outermost = _NAMING[classes], self.outermost
        split_of = {path: split for path, (_, split) in outermost.classes.items()}
        found = {
            path: (naming(parts), next(split_of[above] for above in _with_those_above(path) if above in split_of))
            for path, parts in self.parts.items()
        }
        told = {"leaf": "the innermost ones", "path": "named by their paths"}[classes]
        warnings = (*outermost.warnings, *self._mixed(naming), *self._merged(naming), *self._masks())
        return replace(
            outermost,
            classes=found,
            text=f"{outermost.text}, {told}",
            left_out=outermost.left_out | self.left_out,
            warnings=(*warnings, *respelled({"/".join(parts): names for parts, names in self.spellings.items()})),
            paths=classes == "path",
        )

    def _mixed(self, naming: Callable[[_Parts], str]) -> Iterator[str]:
        if self.mixed:
            path, count = min(self.mixed.items())
            images = "1 image lies" if count == 1 else f"{count:,} images lie"
            more = f" (as in {few(self.mixed.keys() - {path})})" if len(self.mixed) > 1 else ""
            name = printable(naming(self.parts[path]))
            yield f"{printable(path)}: {images} beside folders of images{more} and make a class of their own, '{name}'"

    def _merged(self, naming: Callable[[_Parts], str]) -> Iterator[str]:
        """Different ways that end in the same name."""
        ways: dict[str, set[_Parts]] = {}
        for parts in self.parts.values():
            ways.setdefault(naming(parts), set()).add(parts)
        several = {name: sorted("/".join(parts) for parts in found) for name, found in ways.items() if len(found) > 1}
        for name, paths in sorted(several.items())[:3]:
            yield (
                f"'{printable(name)}' is one class, from {listed(paths)}; --classes path keeps "
                f"{'them' if len(paths) > 2 else 'both'} apart"
            )
        if len(several) > 3:
            yield f"{len(several) - 3:,} more classes come from several folders each"

    def _masks(self) -> Iterator[str]:
        if new := self.left_out - self.outermost.left_out:
            yield masks_left_out(new)


def _at(tree: ImageFolder, path: str) -> ImageFolder:
    for name in path.split("/"):
        tree = tree.folders[name]
    return tree


def _with_those_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
