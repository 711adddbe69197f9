"""Small archives of images of one color."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

from PIL import Image


def png(color, size=(40, 40)):
    """The file of an image of one color."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


RED, GREEN = png("red"), png("lime")


def tar_of(members):
    """A tar of `(name, content)`; content may be a `TarInfo` instead, for what is no file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tar_gz_of(members):
    return gzip.compress(tar_of(members))


def zip_of(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()
