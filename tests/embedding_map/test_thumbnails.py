import io
import os
import zipfile

import numpy as np
from PIL import Image

from kerastl.embedding_map import _thumbnails as thumbnails
from kerastl.embedding_map._thumbnails import make_sheets, side_for


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_each_thumbnail_lies_in_its_cell_whole(image, tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, "SHEET", 64)  # four cells a sheet
    colors = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250)]
    sizes = [(80, 40), (40, 80), (64, 64), (10, 5), (300, 1)]
    pairs = zip(colors, sizes, strict=True)
    files = [str(image(f"{number}.png", *pair)) for number, pair in enumerate(pairs)]
    told = []
    found = make_sheets(files, 32, lambda done, total: told.append((done, total)))
    assert found.sizes.tolist() == [[32, 16], [16, 32], [32, 32], [32, 16], [32, 1]]
    assert not found.failed
    assert told == [(number, 5) for number in range(1, 6)]
    first, second = map(opened, found.contents)
    assert first.shape == (64, 64, 3)
    assert second.shape == (32, 32, 3)
    for number, (left, top) in enumerate([(0, 0), (32, 0), (0, 32), (32, 32)]):
        middle = first[top + found.sizes[number, 1] // 2, left + found.sizes[number, 0] // 2]
        assert np.abs(middle - colors[number]).max() < 25, number


def test_images_are_upright(tmp_path):
    photo = Image.new("RGB", (60, 30))
    exif = photo.getexif()
    exif[0x0112] = 6  # turned by a quarter
    photo.save(tmp_path / "a.jpg", exif=exif)
    assert make_sheets([str(tmp_path / "a.jpg")], 32).sizes.tolist() == [[16, 32]]


def test_what_cannot_be_read_has_a_reason_and_an_empty_cell(image, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    os.mkfifo(tmp_path / "pipe.jpg")
    names = ["a.png", "gone.png", "text.jpg", "pipe.jpg"]
    image("a.png", "red")
    found = make_sheets([*(str(tmp_path / name) for name in names), "http://127.0.0.1:9/b.png"], 64)
    assert found.failed == {
        1: "no such file",
        2: "a text file, not an image",
        3: "a named pipe, not an image file",
        4: "a web address, which a map does not fetch",
    }
    assert found.sizes.any(axis=1).tolist() == [True, False, False, False, False]


def test_many_images_are_smaller():
    assert [side_for(count) for count in (1, 1_000, 1_001, 5_000, 5_001, 20_000)] == [160, 160, 96, 96, 64, 64]


def test_an_image_in_an_archive_has_a_thumbnail(image, tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.write(image("red.png", (250, 0, 0), (80, 40)), "red.png")
    found = make_sheets([f"{tmp_path}/images.zip::red.png", f"{tmp_path}/images.zip::blue.png"], 32)
    assert found.sizes.tolist() == [[32, 16], [0, 0]]
    assert found.failed == {1: "is not in the archive any more"}
