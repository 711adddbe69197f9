"""Each file is read once, whatever it holds, and little of it is kept."""

from __future__ import annotations

import os
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from patches import Fill, noise
from PIL import Image

import kerastl
from kerastl.data import inspect, scan


def test_what_is_known_of_each_file(fill: Fill) -> None:
    root = fill({"a/1.png": 1, "a/copy.png": 1, "b/2.jpg": 2})
    noise(3, 48).convert("L").save(root / "b" / "three.jpg", "PNG")
    (root / "b" / "empty.png").touch()
    (root / "b" / "gone.png").symlink_to(root / "nothing.png")
    cut = (root / "b" / "2.jpg").read_bytes()[:-200]
    (root / "b" / "cut.jpg").write_bytes(cut)
    result = inspect(scan(root))
    assert result.paths == ("a/1.png", "a/copy.png", "b/2.jpg", "b/cut.jpg", "b/empty.png", "b/gone.png", "b/three.jpg")
    assert result.formats == ("PNG", "PNG", "JPEG", "JPEG", "", "", "PNG")
    assert result.modes == ("RGB", "RGB", "RGB", "RGB", "", "", "L")
    assert result.sizes.tolist() == [[32, 32]] * 4 + [[0, 0]] * 2 + [[48, 48]]
    assert set(result.unreadable) == {"b/cut.jpg", "b/empty.png", "b/gone.png"}
    assert result.unreadable["b/empty.png"] == "an empty file"
    assert "not there" in result.unreadable["b/gone.png"]
    assert result.exact_groups == [("a/1.png", "a/copy.png")]
    assert result.near_groups == []
    assert "b/gone.png" not in result.content_hashes
    expected = np.asarray(noise(1).resize((16, 16), Image.Resampling.BOX))
    np.testing.assert_array_equal(result.thumbnails[0], expected)


def test_each_file_is_opened_once(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = scan(fill({f"{name}/{number}.png": number for number in range(6) for name in "ab"}))
    opened: Counter[str] = Counter()
    real = os.open

    def counting(path: str, *arguments: int, **options: int) -> int:
        opened[str(path)] += 1
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", counting)
    inspect(dataset, workers=3)
    assert {str(dataset.file(item)): opened[str(dataset.file(item))] for item in dataset.items} == {
        str(dataset.file(item)): 1 for item in dataset.items
    }


def test_the_number_of_threads_changes_nothing(fill: Fill) -> None:
    dataset = scan(fill({f"{name}/{number}.png": number for number in range(9) for name in "ab"}))
    seen: list[tuple[str, int, int | None]] = []
    one = inspect(dataset, workers=1, progress=lambda *call: seen.append(call))
    many = inspect(dataset, workers=8)
    assert one.contents == many.contents
    np.testing.assert_array_equal(one.thumbnails, many.thumbnails)
    assert seen == [("reading images", number, 18) for number in range(1, 19)]


def test_the_fingerprint_follows_what_is_taught(fill: Fill) -> None:
    root = fill({"a/1.png": 1, "b/2.png": 2})
    dataset = scan(root)
    before = inspect(dataset).fingerprint(dataset)
    assert inspect(dataset).fingerprint(dataset) == before
    noise(3).save(root / "b" / "2.png")
    changed = inspect(dataset).fingerprint(dataset)
    (root / "b" / "2.png").rename(root / "b" / "3.png")
    renamed = scan(root)
    assert len({before, changed, inspect(renamed).fingerprint(renamed)}) == 3


def test_little_is_kept_of_each_image(tmp_path: Path) -> None:
    count = 2_000
    image = tmp_path / "image.png"
    noise(1, size=256).save(image)
    for name in "ab":
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(count // 2):
            (tmp_path / "data" / name / f"{number}.png").hardlink_to(image)
    tracemalloc.start()
    try:
        inspection = inspect(scan(tmp_path / "data"))
        kept, peak = tracemalloc.get_traced_memory()
        # Threads of other tests may be at work meanwhile: what is kept was made by kerastl's own lines.
        ours = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, f"{Path(kerastl.__file__).parent}/*")]
        )
    finally:
        tracemalloc.stop()
    assert len(inspection.paths) == count
    # 768 bytes of pixels, names, hashes. Decoded, each image has 196,608 bytes: 375 MiB in all.
    assert 700 * count < sum(trace.size for trace in ours.statistics("filename")) < 2_500 * count
    assert peak - kept < 20 * 2**20
