import numpy as np
import pytest
from PIL import Image

from kerastl.duplicates._alignment import SIDE, Thumbnail


def scene(seed, width=240, height=180):
    """Something like a photograph: clouds of color, coarse and fine."""
    random = np.random.default_rng(seed)
    layers = []
    for cells, strength in ((4, 90), (9, 60), (24, 40)):
        noise = random.uniform(-strength, strength, (cells, cells, 3)) + 42
        layer = Image.fromarray(np.clip(noise + 90, 0, 255).astype(np.uint8))
        layers.append(np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC), np.float32) - 90)
    return Image.fromarray(np.clip(sum(layers), 8, 245).astype(np.uint8))


def thumbnail(image):
    small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return Thumbnail(np.asarray(small), *image.size)


@pytest.fixture
def a_scene():
    return scene


@pytest.fixture
def thumb():
    return thumbnail
