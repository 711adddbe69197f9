"""Which files are images, by their names and their first bytes; and which only look like images."""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Literal

from kerastl._base.walking import is_explanation

if TYPE_CHECKING:
    from PIL import ImageFile

# fmt: off
IMAGE_SUFFIXES = frozenset((
    ".apng", ".avif", ".avifs", ".bmp", ".cur", ".dds", ".dib", ".gif", ".icns", ".ico", ".j2c", ".j2k",
    ".jfif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".pbm", ".pcx", ".pgm",
    ".png", ".pnm", ".ppm", ".psd", ".qoi", ".sgi", ".tga", ".tif", ".tiff", ".webp", ".xbm", ".xpm",
))
"""Suffixes, in lower case, of files that are regarded as images without a look inside."""
HEIF_SUFFIXES = frozenset((".heic", ".heics", ".heif", ".heifs", ".hif"))
"""Those of files that are images where the extra `kerastl[heif]` is installed."""
HEIC = "HEIC (pip install 'kerastl[heif]')"

# Suffixes of what people take for images, and neither Pillow nor the extra reads.
_LIKE_IMAGES = {
    "camera raw (convert to JPEG)": (
        ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .k25 .kdc .mef .mos .mrw .nef .nrw .orf .pef .ptx .raf "
        ".raw .rw2 .rwl .rwz .sr2 .srf .srw .x3f"
    ),
    "JPEG XL (convert to JPEG or PNG)": ".jxl",
    "JPEG XR (convert to JPEG or PNG)": ".hdp .jxr .wdp",
    "DICOM (convert to PNG)": ".dcm .dicm .dicom .ima",
    "medical volume (save slices as PNG)": ".mgz .mha .mhd .nii .nrrd",
    "microscope file (convert to TIFF or PNG)": ".czi .ets .lif .lsm .mrxs .nd2 .ndpi .oib .oif .scn .svs .vsi",
    "FITS (convert to PNG)": ".fit .fits .fts",
    "drawing (convert to PNG)": ".ai .emf .eps .svg .svgz .wmf",
    "painting program's file (export as PNG)": ".kra .ora .psb .xcf",
    "OpenEXR (convert to PNG)": ".exr",
}
# Suffixes of what lies beside images and is none; nobody looks into these.
_SIDE = (
    ".7z .aae .avi .bin .cfg .conf .csv .db .doc .docx .eml .gz .h5 .hdf5 .htm .html .ini .ipynb .jar .js .json .jsonl "
    ".keras .lnk .log .m4a .m4v .mat .md .md5 .mkv .mov .mp3 .mp4 .mpeg .mpg .npy .npz .onnx .parquet .pb .pdf .pickle "
    ".pkl .ppt .pptx .pt .pth .py .pyc .rar .rst .rtf .sh .sha1 .sha256 .sqlite .srt .tar .tflite .tfrecord .thm .toml "
    ".tsv .txt .url .wav .webm .xls .xlsx .xml .xmp .xz .yaml .yml .zip"
)
# fmt: on
_SIDE_SUFFIXES = frozenset(_SIDE.split())
_LIKE = {suffix: what for what, suffixes in _LIKE_IMAGES.items() for suffix in suffixes.split()}
# What downloads, copies and editors make of an image's name.
_IMAGE_NAME = r"\.(?:jpe?g|jpe|png|gif|webp|bmp|tiff?|avif|hei[cf])"
_BACKUP = re.compile(rf"({_IMAGE_NAME})(?:~|[._-](?:bak|backup|old|orig|original))$", re.IGNORECASE)
_UNFINISHED = re.compile(rf"{_IMAGE_NAME}\.(?:part|partial|crdownload|download|filepart|tmp)$", re.IGNORECASE)
_UNUSUAL = re.compile(
    rf"{_IMAGE_NAME}(?:\.\d+|[._:!@-]?(?:large|small|medium|thumb|copy|\d+[wx]?\d*)|[?&;].*| ?\(\d+\)|[._ -]+)$",
    re.IGNORECASE,
)
# How files begin: a pattern, and what such a file is.
_MAGIC = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF....WEBP", "WebP"),
    (rb"BM....\0\0\0\0", "BMP"),
    (rb"(II\*\0|MM\0\*|II\+\0|MM\0\+)", "TIFF"),
    (rb"....ftyp(avif|avis|(mif1|msf1).{4}(....)*?(avif|avis))", "AVIF"),
    (rb"....ftyp(heic|heix|heif|hevc|hevx|heim|heis|mif1|msf1)", "HEIC"),
    (rb"....ftypcrx", "camera raw"),
    (rb"(FUJIFILMCCD-RAW|IIU\0|IIRO|IIRS|FOVb)", "camera raw"),
    (rb"(\xff\x0a|\0\0\0\x0cJXL )", "JPEG XL"),
    (rb"(\0\0\0\x0cjP  |\xff\x4f\xff\x51)", "JPEG 2000"),
    (rb"II\xbc\x01", "JPEG XR"),
    (rb"8BPS", "Photoshop"),
    (rb".{128}DICM", "DICOM"),
)
_MAGIC_BYTES = 132
_MOST_LOOKS = 10_000  # into files without a known suffix, of one walk


_UNREAD = {
    "HEIC": HEIC,
    "camera raw": _LIKE[".cr3"],
    "DICOM": _LIKE[".dcm"],
    "JPEG XL": _LIKE[".jxl"],
    "JPEG XR": _LIKE[".jxr"],
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is taken for.

    Args:
        name: `image`; `like an image`, but of a kind that training leaves out; or another, a `side` file.
        what: Of what is like an image: what it is, and what to do about it in brackets.
    """

    name: Literal["image", "like an image", "side"]
    what: str = ""


IMAGE = Kind("image")
SIDE = Kind("side")


class Sorter:
    """Tells images from other files; one for each walk, since it looks into so many files only."""

    def __init__(self) -> None:
        self._looks = _MOST_LOOKS

    def kind(self, file: str) -> Kind:
        """What a file is: by its name, and by its first bytes where that says nothing."""
        name = os.path.basename(file)  # noqa: PTH119 - half the time for 100,000 files
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
        if suffix in IMAGE_SUFFIXES or (suffix in HEIF_SUFFIXES and has_heif()):
            return SIDE if is_explanation(file) else IMAGE
        if suffix in HEIF_SUFFIXES:
            return Kind("like an image", HEIC)
        if suffix in _LIKE:
            return Kind("like an image", _LIKE[suffix])
        if suffix in _SIDE_SUFFIXES:
            return Kind("like an image", _LIKE[".nii"]) if name.lower().endswith(".nii.gz") else SIDE
        return self._looked_into(file, name)

    def _looked_into(self, file: str, name: str) -> Kind:
        if _BACKUP.search(name):
            # Beside what it is a copy of, it is no image that anybody misses.
            beside = os.path.exists(_BACKUP.sub(r"\1", file))  # noqa: PTH110
            return SIDE if beside else Kind("like an image", "backup copy (rename)")
        if _UNFINISHED.search(name):
            return Kind("like an image", "unfinished download (fetch again)")
        what = self._begins_like(file)
        if not what and not _UNUSUAL.search(name):
            return SIDE
        return Kind("like an image", _UNREAD.get(what, f"{what or 'file'} with no image's suffix (rename)"))

    def _begins_like(self, file: str) -> str:
        self._looks -= 1
        try:
            if self._looks < 0 or not os.path.isfile(file):  # noqa: PTH113 - opening a pipe would wait
                return ""
            with open(file, "rb") as stream:  # noqa: PTH123
                return format_of(stream.read(_MAGIC_BYTES))
        except OSError:
            return ""


@functools.cache
def has_heif() -> bool:
    """Whether the extra is installed that reads HEIC."""
    return find_spec("pillow_heif") is not None


def format_of(beginning: bytes) -> str:
    """The format that a file's first 132 bytes belong to, or nothing."""
    return next((what for pattern, what in _MAGIC if re.match(pattern, beginning, re.DOTALL)), "")


def unread(what: str) -> str:
    """What is to say of a format that `format_of` knows and kerastl does not read here; or nothing."""
    return "" if what == "HEIC" and has_heif() else _UNREAD.get(what, "")


def open_heif(file: IO[bytes]) -> ImageFile.ImageFile:
    """Open a HEIC; Pillow itself does not learn the format, so that a program which uses kerastl keeps its own.

    Args:
        file: Open for reading.

    Raises:
        RefusedError: The extra is not installed, or does not work here.
        UnidentifiedImageError: The file is broken.
    """
    from PIL import UnidentifiedImageError

    from kerastl.images._limits import RefusedError

    if not has_heif():
        raise RefusedError(HEIC)
    try:
        from pillow_heif import HeifImageFile
    except (ImportError, OSError) as error:  # built for another Pillow or C library
        raise RefusedError(f"HEIC, and pillow-heif does not work here ({error})") from None
    file.seek(0)
    try:
        return HeifImageFile(file)
    except SyntaxError as error:
        raise UnidentifiedImageError(str(error)) from error
