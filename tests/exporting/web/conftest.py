import base64
import json
from importlib.resources import files

import numpy as np
import pytest

from kerastl.exporting._web_page import SCRIPTS

READ = """
(async (letters, resize) => {
  const file = new Blob([Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0))]);
  try {
    const {width, height, data} = await kerastl.reading.read(file, resize);
    return {width, height, data: [...data]};
  } catch (error) {
    if (!(error instanceof kerastl.reading.ImageError)) throw error;
    return {error: error.message};
  }
})
"""


@pytest.fixture(scope="module")
def scripts(chromium, tmp_path_factory):
    """A browser with the page's scripts in an empty page, without what starts the page and runs the network."""
    folder = tmp_path_factory.mktemp("scripts")
    names = [name for name in SCRIPTS if name not in ("page.js", "network.js")]
    for name in names:
        (folder / name).write_text(
            (files("kerastl.exporting") / "templates" / "web" / name).read_text("utf-8"), "utf-8"
        )
    tags = "".join(f'<script src="{name}"></script>' for name in names)
    (folder / "index.html").write_text(f'<!DOCTYPE html><meta charset="utf-8"><main></main>{tags}', "utf-8")
    chromium.show(folder / "index.html", width=800)
    return chromium


@pytest.fixture
def read(scripts):
    """Read an image file in the browser: uint8 array of shape (height, width, 3), or why it cannot be read."""

    def work(content, resize):
        letters = base64.b64encode(content).decode()
        found = scripts.evaluate(f"{READ}({json.dumps(letters)}, {json.dumps(resize.as_dict())})")
        if "error" in found:
            return found["error"]
        return np.array(found["data"], np.uint8).reshape(found["height"], found["width"], 3)

    return work
