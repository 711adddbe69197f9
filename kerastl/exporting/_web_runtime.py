"""ONNX Runtime Web, which runs models in browsers: fetched by npm once, or taken from a folder."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kerastl import _progress as progress
from kerastl._base.files import open_regular, replacing
from kerastl._base.scratch import temporary_folder
from kerastl._base.text import message, printable
from kerastl.errors import KerastlError
from kerastl.inference._cache import RUNTIMES, cache_folder

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
ARCHIVE = f"{PACKAGE}-{VERSION}.tgz"
_ARCHIVE_SIZE = 33_106_585
# As npm writes it in lock files: the archive's SHA-512.
_INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
_PATIENCE = 600.0  # seconds that npm may take


@dataclass(frozen=True)
class RuntimeFile:
    """A file of the package.

    Args:
        name: Within its folder `dist`.
        size: Bytes.
        sha256: Of these.
    """

    name: str
    size: int
    sha256: str

    def read(self, path: Path) -> bytes | None:
        """What a path holds, if that is this file."""
        try:
            with open_regular(path, follow=True) as stream:
                content = stream.read(self.size + 1)
        except (OSError, ValueError):
            return None
        return content if hashlib.sha256(content).hexdigest() == self.sha256 else None


SCRIPT = RuntimeFile("ort.wasm.min.js", 50_196, "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81")
GLUE = RuntimeFile(
    "ort-wasm-simd-threaded.mjs", 24_381, "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"
)
WASM = RuntimeFile(
    "ort-wasm-simd-threaded.wasm", 14_239_897, "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
)
FILES = (SCRIPT, GLUE, WASM)


def runtime(given: Path | None = None) -> dict[RuntimeFile, bytes]:
    """The files of the runtime, each checked by its hash.

    Args:
        given: A folder with these files, with the unpacked package or with its archive; or the archive itself. None
            takes the cache, and fills it through npm.

    Raises:
        KerastlError: They are not there, not those of this version, or cannot be fetched.
    """
    if given is not None:
        return _given(given)
    folder = cache_folder() / RUNTIMES
    found = _kept(folder)
    if found is None:
        with progress.stage(f"fetching {PACKAGE} {VERSION} by npm"):
            found = _fetched()
        with suppress(OSError):  # without a cache it is fetched anew each time
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file, content in found.items():
                with replacing(folder / _kept_as(file)) as temporary:
                    temporary.write_bytes(content)
    return found


def check(given: Path | None = None) -> None:
    """Raise `KerastlError` if it is known that `runtime` will not find the files; nothing is fetched."""
    if given is not None:
        _given(given)
    elif _kept(cache_folder() / RUNTIMES) is None:
        _npm()


def _kept(folder: Path) -> dict[RuntimeFile, bytes] | None:
    return _all_of(lambda file: folder / _kept_as(file))


def _kept_as(file: RuntimeFile) -> str:
    return f"{VERSION}-{file.name}"


def _all_of(place: Callable[[RuntimeFile], Path]) -> dict[RuntimeFile, bytes] | None:
    """All files from where they lie; None if one is missing or another."""
    found: dict[RuntimeFile, bytes] = {}
    for file in FILES:
        content = file.read(place(file))
        if content is None:
            return None
        found[file] = content
    return found


def _given(given: Path) -> dict[RuntimeFile, bytes]:
    for folder in (given, given / "dist", given / "package" / "dist"):
        if (found := _all_of(lambda file, folder=folder: folder / file.name)) is not None:  # type: ignore[misc]
            return found
    archive = given if given.is_file() else given / ARCHIVE
    if archive.is_file():
        return _unpacked(archive, f"--web-runtime {printable(str(archive))}")
    raise KerastlError(
        f"--web-runtime {printable(str(given))}: does not hold {PACKAGE} {VERSION}; where there is npm, get it by "
        f"npm pack {PACKAGE}@{VERSION}, and give the folder with {ARCHIVE}"
    )


def _npm() -> str:
    """The program."""
    npm = shutil.which("npm")
    if npm is None:
        raise KerastlError(
            f"the page needs {PACKAGE} {VERSION}, which npm fetches once, and npm is missing: install Node.js, or "
            f"give a folder with {ARCHIVE} as --web-runtime"
        )
    return npm


def _fetched() -> dict[RuntimeFile, bytes]:
    with temporary_folder() as folder:
        command = [_npm(), "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--silent", "--pack-destination", "."]
        try:
            # In an empty folder, so that no project's settings count.
            done = subprocess.run(  # noqa: S603 - fixed words, no shell
                command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = "no end within 10 minutes" if isinstance(error, subprocess.TimeoutExpired) else error.strerror
            raise KerastlError(f"npm cannot fetch {PACKAGE} {VERSION} ({reason})") from None
        if not (folder / ARCHIVE).is_file():
            raise KerastlError(f"npm cannot fetch {PACKAGE} {VERSION} ({_reason(done.stderr)})")
        return _unpacked(folder / ARCHIVE, "npm")


def _reason(said: bytes) -> str:
    """What npm says went wrong, in a line."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    words = [line.removeprefix("npm error ").removeprefix("npm ERR! ") for line in lines]
    told = [line for line in words if not line.startswith(("A complete log", "code "))]
    return message("; ".join(told[:2]) or "without a reason")[:200]


def _unpacked(archive: Path, origin: str) -> dict[RuntimeFile, bytes]:
    """The files in the archive, which is unpacked only if it is the right one, byte for byte."""
    try:
        with open_regular(archive, follow=True) as stream:
            content = stream.read(_ARCHIVE_SIZE + 1)
        if base64.b64encode(hashlib.sha512(content).digest()).decode() != _INTEGRITY:
            raise KerastlError(f"{origin}: is not {PACKAGE} {VERSION} as it was published; get it once more")
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            members = {file: packed.extractfile(f"package/dist/{file.name}") for file in FILES}
            return {file: member.read() for file, member in members.items() if member is not None}
    except (OSError, ValueError) as error:
        raise KerastlError(f"{origin}: cannot be read ({message(str(error))})") from error
