"""The folders that hold images, as a tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# What archives and sites call the one folder around everything.
_WRAPPERS = frozenset((
    "archive", "data", "dataset", "datasets", "image", "images", "img", "imgs", "picture", "pictures", "photo",
    "photos", "raw", "input", "content", "files",
))  # fmt: skip


@dataclass
class ImageFolder:
    """A folder with images in it, or below it.

    Args:
        path: Relative to the root with forward slashes; empty for the root itself.
        direct: Images that lie in it directly.
        folders: Those in it that hold images, by name, sorted.
    """

    path: str
    direct: int = 0
    folders: dict[str, ImageFolder] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its own name, without the way to it."""
        return self.path.rpartition("/")[2]

    def below(self, name: str) -> str:
        """The path of something in it."""
        return f"{self.path}/{name}" if self.path else name

    def chain(self) -> Iterator[ImageFolder]:
        """This folder, the only one in it, the only one in that, and so on."""
        folder = self
        yield folder
        while len(folder.folders) == 1:
            folder = next(iter(folder.folders.values()))
            yield folder

    def unwrapped(self, name: str) -> ImageFolder:
        """Go into folders that only wrap another: called alike (`train/train`), or `images`, `data` and the like.

        Args:
            name: This folder's own name.
        """
        folder = self
        while len(folder.folders) == 1 and not folder.direct:
            inner = next(iter(folder.folders.values()))
            if inner.name.lower() not in {name.lower(), *_WRAPPERS}:
                break
            folder = inner
        return folder


def grow(images: Iterable[str]) -> ImageFolder:
    """Arrange the folders of some images.

    Args:
        images: Paths relative to the root with forward slashes.
    """
    root = ImageFolder("")
    for path, count in sorted(Counter(path.rpartition("/")[0] for path in images).items()):
        folder = root
        for name in path.split("/") if path else ():
            if name not in folder.folders:
                folder.folders[name] = ImageFolder(folder.below(name))
            folder = folder.folders[name]
        folder.direct += count
    return root
