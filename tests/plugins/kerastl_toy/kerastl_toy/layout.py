"""A file `labels.toy` beside the images, whose lines are `label: image, image, ...`."""

from kerastl.data import Dataset, Item, Layout


def read(source):
    """Read the file, where there is one."""
    file = source.path / "labels.toy"
    if not file.is_file():
        return None
    lines = [line.partition(": ") for line in file.read_text().splitlines()]
    items = [Item(image, label) for label, _, images in lines for image in images.split(", ")]
    labels = tuple(sorted({item.label for item in items}))
    return Dataset(source.path, labels, tuple(items), f"labels.toy with {len(labels)} classes")


LAYOUT = Layout("toy-layout", "a file labels.toy beside the images", read)
