import pytest

import kerastl


@pytest.fixture(scope="session")
def colors(color_model):
    """The classifier that tells red, green and blue apart."""
    return kerastl.load(color_model)


@pytest.fixture(scope="session")
def several(several_colors_model):
    """The classifier that gives any number of the labels red, green and blue."""
    return kerastl.load(several_colors_model)


@pytest.fixture
def photos(image, tmp_path):
    """A folder with two red images of one name, a blue one with sidecars, and a file that is no image."""
    image("in/a.png", "red")
    image("in/deep/a.png", (250, 0, 0))
    image("in/sea.jpg", "blue")
    for name in ("sea.xmp", "sea.AAE", "sea.jpg.xmp"):
        (tmp_path / "in" / name).write_text(f"sidecar {name}")
    (tmp_path / "in" / "broken.jpg").write_text("no image")
    return tmp_path / "in"


@pytest.fixture
def content():
    """All files below a folder, links as where they lead; by their paths."""

    def read(folder):
        paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
        return {
            path.relative_to(folder).as_posix(): path.readlink() if path.is_symlink() else path.read_bytes()
            for path in paths
        }

    return read
