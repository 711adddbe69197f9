import io
import json
import os
import shutil
import struct
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageCms, IptcImagePlugin

from kerastl.errors import ImageError
from kerastl.keywords import _iptc as iptc
from kerastl.keywords import _jpeg as jpeg
from kerastl.keywords import _xmp as xmp
from kerastl.keywords import embed_keywords, read_keywords
from kerastl.keywords._written import KeywordError

WORDS = ["dog", "Übung & <mehr>"]
KINDS = {
    "a.jpg": {"quality": 90},
    "progressive.jpeg": {"progressive": True},
    "a.png": {},
    "lossy.webp": {"quality": 80},
    "lossless.webp": {"lossless": True},
    "a.tif": {},
    "b.tiff": {"compression": "tiff_deflate"},
    "big.tif": {"big_tiff": True},
}


@pytest.fixture
def picture():
    """A noisy image of an odd size with an orientation and a color profile."""

    def save(path, **options):
        mode = "RGBA" if path.name == "lossless.webp" else "RGB"
        pixels = np.random.default_rng(3).integers(0, 256, (31, 43, len(mode)), np.uint8)
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = 6, "Maker"
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        if path.suffix not in (".tif", ".tiff"):
            options["exif"] = exif
        Image.fromarray(pixels, mode).save(path, icc_profile=profile, **options)
        return path

    return save


def scan(content):
    """What a JPEG has from its first scan on."""
    return content[content.index(b"\xff\xda") :]


@pytest.mark.parametrize("name", KINDS)
def test_pixels_and_other_metadata_stay(picture, tmp_path, subjects, name):
    path = picture(tmp_path / name, **KINDS[name])
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    before = path.read_bytes()
    with Image.open(path) as image:
        pixels, exif, profile = np.asarray(image), dict(image.getexif()), image.info["icc_profile"]
    assert embed_keywords(path, WORDS).added == tuple(WORDS)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
        assert image.info["icc_profile"] == profile
        after = {tag: value for tag, value in image.getexif().items() if tag != 700}
        assert after == exif
        packet = image.tag_v2[700] if image.format == "TIFF" else image.info["xmp"]
        assert subjects(packet) == WORDS
        if image.format == "JPEG":
            assert [word.decode() for word in IptcImagePlugin.getiptcinfo(image)[2, 25]] == WORDS
            assert scan(path.read_bytes()) == scan(before)
    assert (path.stat().st_mtime_ns, path.stat().st_mode & 0o777) == (10**18, 0o640)
    once = path.read_bytes()
    assert embed_keywords(path, ["DOG"]).added == ()
    assert path.read_bytes() == once
    assert embed_keywords(path, ["cat"]).added == ("cat",)
    assert read_keywords(path) == [*WORDS, "cat"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [name]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("name", KINDS)
def test_exiftool_reads_the_same(picture, tmp_path, name):
    path = picture(tmp_path / name, **KINDS[name])
    embed_keywords(path, WORDS)
    tags = ["-Subject", "-Keywords", "-IPTCDigest", "-CurrentIPTCDigest", "-Error"]
    done = subprocess.run(["exiftool", "-json", *tags, path], capture_output=True, text=True, check=True)
    (read,) = json.loads(done.stdout)
    assert read["Subject"] == WORDS
    assert read.get("Keywords", WORDS) == WORDS
    assert read.get("IPTCDigest") == read.get("CurrentIPTCDigest")
    assert "Error" not in read


def test_other_metadata_of_a_jpeg_are_kept_to_the_byte(picture, tmp_path):
    """With XMP, IPTC in Latin-1 and another Photoshop resource already there."""
    path = picture(tmp_path / "a.jpg")
    plain = path.read_bytes()
    datasets = b"\x1c\x02\x00\x00\x02\x00\x04" + b"\x1c\x02\x05\x00\x04Caf\xe9" + b"\x1c\x02\x19\x00\x03cat"
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(datasets)) + datasets + b"\0" * (len(datasets) % 2)
    resources += b"8BIM\x03\xed\x05Names\0\0\0\x03abc\0"[:12] + b"\0\0\0\x03abc\0"
    packet = xmp.merged(None, ["tree"]).replace(b"<x:xmpmeta", b"<!-- mine --><x:xmpmeta")
    segments = b""
    for marker, payload in ((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet), (0xED, b"Photoshop 3.0\0" + resources)):
        segments += bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload
    path.write_bytes(plain[:2] + segments + plain[2:])
    assert read_keywords(path) == ["tree", "cat"]
    assert embed_keywords(path, ["tree", "dog", "Übung"]).added == ("dog", "Übung")
    new = path.read_bytes()
    assert b"<!-- mine -->" in new
    assert b"abc" in new
    with Image.open(path) as image:
        found = IptcImagePlugin.getiptcinfo(image)
    # Übung would be other letters in Latin-1: it stands in XMP only.
    assert (found[2, 5], found[2, 25]) == (b"Caf\xe9", [b"cat", b"tree", b"dog"])
    assert xmp.words_of(jpeg._packet(jpeg._parsed(new)[0])) == ("tree", "cat", "dog", "Übung")


def test_a_long_keyword_is_cut_in_iptc_only(picture, tmp_path):
    path, word = picture(tmp_path / "a.jpg"), "ü" * 40
    embed_keywords(path, [word])
    with Image.open(path) as image:
        assert IptcImagePlugin.getiptcinfo(image)[2, 25].decode() == "ü" * 32
    assert embed_keywords(path, [word]).added == ()
    embed_keywords(path, ["dog"])
    assert read_keywords(path) == [word, "dog"]
    assert xmp.words_of(jpeg._packet(jpeg._parsed(path.read_bytes())[0])) == (word, "dog")


def test_images_behind_the_first_stay_where_the_file_says(tmp_path, picture):
    """A file of several images (MPF) counts their places from its own segment on."""
    stream = io.BytesIO()
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "blue")]
    frames[0].save(stream, "MPO", save_all=True, append_images=frames[1:])
    path = tmp_path / "a.jpg"
    path.write_bytes(stream.getvalue())
    embed_keywords(path, WORDS)
    with Image.open(path) as image:
        image.seek(1)
        assert image.convert("RGB").getpixel((9, 9))[2] > 200


def test_a_link_is_followed(picture, tmp_path):
    path, link = picture(tmp_path / "a.jpg"), tmp_path / "link.jpg"
    link.symlink_to(path)
    embed_keywords(link, ["dog"])
    assert link.is_symlink()
    assert read_keywords(path) == ["dog"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.gif", b"GIF89a" + bytes(200), "is GIF, and keywords are written into JPEG, PNG, WebP, TIFF only"),
        ("a.jpg", b"no image at all", "is of an unknown format"),
        ("a.nef", b"II*\0" + bytes(200), "is camera raw or another kind of TIFF"),
        ("a.jpg", b"\xff\xd8\xff\xe1\0", "a segment is cut off"),
        ("a.jpg", b"\xff\xd8\xff\xe1\0\1" + bytes(9), "a segment is cut off"),
        ("a.jpg", b"\xff\xd8\xff\xe1\0\3x\0\0\0\0", "a segment does not begin where it should"),
        ("a.jpg", b"\xff\xd8" + b"\xff\xe1\0\2" * 20_001, "more than 20,000 segments"),
        ("a.png", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR", "a chunk is cut off"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0abcdabcd" * 20_001, "more than 20,000 chunks"),
        ("a.webp", b"RIFF\xff\xff\xff\xffWEBP" + b"abcd\0\0\0\0" * 20_001, "more than 20,000 chunks"),
        ("a.webp", b"RIFF\xff\0\0\0WEBPVP8 \xff\xff\xff\xff", "a chunk is cut off"),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 \4\0\0\0abcd", "does not begin like a WebP file"),
        ("a.tif", b"II*\0\xff\xff\xff\xff", "a directory is cut off"),
        ("a.tif", b"II*\0\x08\0\0\0\xff\xff", "more than 4,096 entries"),
    ],
)
def test_what_is_broken_is_left_as_it_is(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError, match=message):
        embed_keywords(path, ["dog"])
    assert path.read_bytes() == content


def test_a_segment_has_room_for_64_kib():
    with pytest.raises(KeywordError, match="no room"):
        jpeg.embedded(b"\xff\xd8\xff\xd9", [f"{number:060}" for number in range(1000)])
    padded = xmp.merged(None, ["cat"]).replace(b"<?xpacket end", b" " * 65_000 + b"<?xpacket end")
    length = struct.pack(">H", len(padded) + 31)
    content = b"\xff\xd8\xff\xe1" + length + b"http://ns.adobe.com/xap/1.0/\0" + padded + b"\xff\xd9"
    new = jpeg.embedded(content, ["dog" * 200])
    assert len(new) < 3000
    assert jpeg.words_of(new)[0] == "cat"


@pytest.mark.parametrize("resources", [b"8BIM\x04\x04\0\0\xff\xff\xff\xffabcd", b"8BIM\x04", b"\x01" * 40])
def test_broken_resources_are_refused(resources):
    with pytest.raises(KeywordError):
        iptc.merged(resources, ["dog"])


@pytest.mark.parametrize(
    "datasets", [b"\x1c\x02\x19\xff\xff", b"\x1c\x02", b"abc", b"\x1c\x02\x19\x80\x04\xff\xff\xff"]
)
def test_broken_iptc_is_refused(datasets):
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(datasets)) + datasets + bytes(len(datasets) % 2)
    with pytest.raises(KeywordError):
        iptc.merged(resources, ["dog"])


def test_compressed_xmp_in_png_is_read_and_limited(tmp_path, picture):
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", xmp.merged(None, ["cat"]).decode(), zip=True)
    path = picture(tmp_path / "a.png", pnginfo=notes)
    embed_keywords(path, ["dog"])
    assert read_keywords(path) == ["cat", "dog"]
    bomb = PngInfo()
    bomb.add_itxt("XML:com.adobe.xmp", " " * (17 << 20), zip=True)
    path = picture(tmp_path / "b.png", pnginfo=bomb)
    with pytest.raises(ImageError, match="more than 16 MiB of XMP"):
        embed_keywords(path, ["dog"])
