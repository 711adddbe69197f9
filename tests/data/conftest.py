"""Small folders of images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from patches import Fill, noise


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Writes files below a new folder; see `patches.Fill`."""

    def write(files: Mapping[str, int | str]) -> Path:
        root = tmp_path / "images"
        for name, content in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                file.write_text(content, encoding="utf-8")
            else:
                kind = "PNG" if file.suffix.lower() == ".png" else "JPEG"
                noise(content).save(file, kind)
        return root

    return write


@pytest.fixture
def shared_datasets() -> Path:
    """The folders of test material beside `KERAS_HOME`."""
    home = os.environ.get("KERAS_HOME")
    folder = Path(home).resolve().parent / "datasets" if home else None
    if folder is None or not folder.is_dir():
        pytest.skip("KERAS_HOME does not stand beside the folder of test data sets")
    return folder
