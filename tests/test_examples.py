"""The scripts that show how to use kerastl, run as they are."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_any_model_is_fine_tuned_and_answers(tmp_path, capsys):
    random = np.random.default_rng(0)
    for place, name in enumerate(("red", "green")):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 100, (32, 32, 3))
            pixels[..., place] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "data" / name / f"{number}.png")
    runpy.run_path(str(EXAMPLES / "any_model.py"))["main"](tmp_path / "data", tmp_path / "runs")
    said = capsys.readouterr().out.splitlines()
    if any("not installed" in line for line in said):
        pytest.skip("KerasHub is not installed; the other models are fine-tuned")
    assert sorted(line.split(":")[0] for line in said) == ["handwritten", "keras_hub", "kerastl_mini"]
    for line in said:
        assert "3 epochs" in line  # the solved head counts as one
        assert "(litert)" in line
