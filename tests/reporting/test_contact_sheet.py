import re

import pytest

pytest.importorskip("lancedb")

from kerastl.index import Similar, SimilarImages
from kerastl.reporting._contact_sheet import write_contact_sheet

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def file(image, tmp_path):
    """A page of two searches: hostile names, long ones, and files that are gone."""
    asked, found = image("a & b.png", "red"), image(f"{'long_' * 30}.png", "blue")
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    similar = (
        Similar(str(found), 0.98765, HOSTILE),
        Similar(str(tmp_path / "gone.png"), 0.5, None, HOSTILE, 0.9),
        Similar(str(tmp_path / "broken.jpg"), -0.25),
    )
    page = tmp_path / "sheet.html"
    write_contact_sheet(page, [SimilarImages(str(asked), similar), SimilarImages(HOSTILE, ())])
    return page


def test_names_are_text(file):
    text = file.read_text()
    assert HOSTILE not in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") == 3
    assert "a &amp; b.png" in text


def test_the_page_needs_nothing_else(file):
    text = file.read_text()
    assert all(uri.startswith("data:image/webp;base64,") for uri in re.findall(r'src="([^"]*)"', text))
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", text)
    assert "<script" not in text
    assert "default-src 'none'" in text


def test_what_cannot_be_shown_is_said(file):
    text = file.read_text()
    assert "no such file" in text
    assert "0.988" in text
    assert "-0.250" in text


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_scrolls_sideways_and_every_image_shows(chromium, file, width):
    chromium.show(file, width=width)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    sizes = chromium.evaluate(
        "[...document.images].map(i => i.loading = 'eager') && "
        "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))"
    )
    assert sizes == [208, 208]
    assert [address for address in chromium.requests() if not address.startswith("data:")] == [file.as_uri()]
