import pytest

from kerastl.errors import ImageError
from kerastl.sources import stored_images


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Write a file into the current folder; give its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return name

    return write


@pytest.fixture
def told():
    """What became of each image of a source: its name and its bytes, or why it cannot be read."""

    def read(source, left_out=None):
        return [
            (image.path, image.reason) if isinstance(image, ImageError) else (image.name, image.read_bytes())
            for image in stored_images(source, left_out)
        ]

    return read
