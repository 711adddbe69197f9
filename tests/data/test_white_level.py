"""Data sets of 16-bit files with fewer significant bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastl.data import check, inspect, scan
from kerastl.data._dataset import Item


def grays(seed: int) -> np.ndarray:
    """A smooth image from 0 to 255."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    values = np.asarray(Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC)).astype(np.uint32)
    values[0, :2] = 0, 255
    return values


def save(path: Path, values: np.ndarray, bits: int, brightness: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    top = 255 if bits == 8 else 2**bits - 1
    Image.fromarray((values * (top * brightness / 255)).round().astype(np.uint8 if bits == 8 else np.uint16)).save(path)


def folder(root: Path, bits: int, brightness: float = 1.0) -> Path:
    for number in range(6):
        save(root / ("a" if number % 2 else "b") / f"{number}.png", grays(number), bits, brightness)
    return root


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_check_says_what_white_is_taken_for(tmp_path: Path, bits: int) -> None:
    report = check(folder(tmp_path, bits))
    (finding,) = [finding for finding in report.findings if finding.kind == "white_level"]
    expected = f"6 images are 16-bit files with {bits} significant bits: white is taken as {2**bits - 1}"
    assert (finding.severity, finding.message) == ("warning", expected)
    assert finding.evidence[0].paths == ("a/1.png",)
    assert {one.detail for one in finding.evidence} == {f"{bits} bits"}


@pytest.mark.parametrize("bits", [8, 16])
def test_there_is_nothing_to_say_of_full_bytes(tmp_path: Path, bits: int) -> None:
    assert not [finding for finding in check(folder(tmp_path, bits)).findings if finding.kind == "white_level"]


def test_a_dark_image_does_not_change_the_white_level_and_a_bright_test_image_is_cut_off(tmp_path: Path) -> None:
    folder(tmp_path / "train", 12)
    save(tmp_path / "train" / "a" / "dark.png", grays(7), 12, brightness=0.1)
    folder(tmp_path / "val", 12)
    save(tmp_path / "val" / "b" / "bright.png", grays(8), 14)
    dataset = scan(tmp_path)
    inspection = inspect(dataset)
    assert inspection.white_level(dataset.subset("train")) == 4095
    bits = dict(zip(inspection.paths, inspection.bits, strict=True))
    assert (bits["train/a/dark.png"], bits["val/b/bright.png"]) == (9, 14)
    assert inspection.white_level([Item("val/b/bright.png", "b", "val")]) == 16383
    (finding,) = [
        finding for finding in check(dataset, inspection=inspection).findings if finding.kind == "white_level"
    ]
    cut = [one.paths for one in finding.evidence if one.detail == "14 bits, white is cut off"]
    assert cut == [("val/b/bright.png",)]


def test_images_of_fewer_bits_beside_those_of_16_are_said_to_be_nearly_black(tmp_path: Path) -> None:
    folder(tmp_path, 16)
    save(tmp_path / "a" / "twelve.png", grays(7), 12)
    save(tmp_path / "a" / "thirteen.png", grays(8), 13)
    save(tmp_path / "a" / "eight.png", grays(9), 8)
    (finding,) = [finding for finding in check(tmp_path).findings if finding.kind == "too_dark"]
    assert finding.evidence[0].paths == ("a/twelve.png",)
    assert finding.message.startswith("1 image is nearly black where 65,535 is white")


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_near_duplicates_are_found_at_any_depth(tmp_path: Path, bits: int) -> None:
    folder(tmp_path, bits)
    for number in range(3):
        values = grays(number).copy()
        values[10:12, 10:12] += 3
        save(tmp_path / "a" / f"{number}-again.png", np.minimum(values, 255), bits, brightness=0.97)
    found = inspect(scan(tmp_path)).near_groups
    names = sorted(sorted(Path(path).name for path in group) for group in found)
    assert names == [[f"{number}-again.png", f"{number}.png"] for number in range(3)]


def test_a_copy_in_8_bits_is_the_same_image(tmp_path: Path) -> None:
    folder(tmp_path, 12)
    save(tmp_path / "a" / "copy.png", grays(2), 8)
    assert inspect(scan(tmp_path)).near_groups == [("a/copy.png", "b/2.png")]
