"""Numbers told of images: kerastl against ridge regression on the last layer's features, on the same images.

    python benchmarks/regression.py [--kinds disc,dots,angle] [--photos FOLDER] [--model mobilenet_v2] [--images 400]

Drawn are the radius of a disc, the number of dots and the angle of a line, each on a background that tells nothing.
`--photos` adds real ones: how far a photograph of FOLDER was turned, and how much it was blurred; those to judge by
are of other photographs than those to learn from. The peer is scikit-learn's `RidgeCV` on the pooled features of the
same network's last layer, standardized; both see whole images. Printed are, on as many unseen images, the mean
absolute errors and how many of the intervals at 90 % hold the true number. `--ordinal` cuts the numbers into five
classes of an order instead, and compares their errors in ranks with those of the same classes without an order (`--task
classification`).
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kerastl
from kerastl.models import BACKBONES, build

SIDE = 224
COVERAGE = 0.9
CLASSES = 5
Random = np.random.Generator
Drawing = tuple[Image.Image, float]


def canvas(random: Random) -> Image.Image:
    """A background of soft colors."""
    colors = random.integers(0, 256, (6, 6, 3)).astype(np.uint8)
    return Image.fromarray(colors).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def color(random: Random) -> tuple[int, ...]:
    """Any."""
    return tuple(int(value) for value in random.integers(0, 256, 3))


def disc(random: Random) -> Drawing:
    """A disc somewhere, and its radius in pixels."""
    image, radius = canvas(random), random.uniform(10, 80)
    x, y = random.uniform(radius, SIDE - radius, 2)
    ImageDraw.Draw(image).ellipse([x - radius, y - radius, x + radius, y + radius], fill=color(random))
    return image, radius


def dots(random: Random) -> Drawing:
    """One to nine dots of one color that do not touch, and how many there are."""
    image, count, fill = canvas(random), int(random.integers(1, 10)), color(random)
    places: list[tuple[float, float]] = []
    while len(places) < count:
        x, y = random.uniform(20, SIDE - 20, 2)
        if all((x - a) ** 2 + (y - b) ** 2 > 30**2 for a, b in places):
            places.append((x, y))
    for x, y in places:
        ImageDraw.Draw(image).ellipse([x - 12, y - 12, x + 12, y + 12], fill=fill)
    return image, count


def angle(random: Random) -> Drawing:
    """A line, and its angle in degrees, 0 to 90."""
    image, degrees = canvas(random), random.uniform(0, 90)
    x, y = SIDE * 0.4 * np.cos(np.deg2rad(degrees)), SIDE * 0.4 * np.sin(np.deg2rad(degrees))
    middle = SIDE / 2
    ImageDraw.Draw(image).line([middle - x, middle + y, middle + x, middle - y], fill=color(random), width=9)
    return image, degrees


DRAWN: dict[str, Callable[[Random], Drawing]] = {"disc": disc, "dots": dots, "angle": angle}


def square(path: Path, side: int) -> Image.Image:
    """The middle of a photograph."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = side / min(image.size)
    image = image.resize((max(side, round(image.width * scale)), max(side, round(image.height * scale))))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def turned(path: Path, random: Random) -> Drawing:
    """A photograph, and by how many degrees it was turned."""
    degrees = random.uniform(-30, 30)
    image = square(path, 320).rotate(degrees, Image.Resampling.BICUBIC)
    edge = (320 - SIDE) // 2
    return image.crop((edge, edge, edge + SIDE, edge + SIDE)), degrees


def blurred(path: Path, random: Random) -> Drawing:
    """A photograph, and the radius by which it was blurred."""
    radius = random.uniform(0, 4)
    return square(path, SIDE).filter(ImageFilter.GaussianBlur(radius)), radius


PHOTOGRAPHED: dict[str, Callable[[Path, Random], Drawing]] = {"turned": turned, "blurred": blurred}


def draw(kind: str, photos: list[Path], count: int) -> list[Drawing]:
    """Twice as many images as are learnt from; the second half is of other photographs."""
    random = np.random.default_rng(0)
    if kind in DRAWN:
        return [DRAWN[kind](random) for _ in range(2 * count)]
    halves = photos[::2], photos[1::2]
    return [PHOTOGRAPHED[kind](half[n % len(half)], random) for half in halves for n in range(count)]


def write(folder: Path, images: list[Drawing], labels: list[str]) -> Path:
    """The images, and a table of what they show."""
    table = folder / "table.csv"
    with table.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "value"])
        for number, ((image, _), label) in enumerate(zip(images, labels, strict=True)):
            image.save(folder / f"{number:04}.png")
            rows.writerow([f"{number:04}.png", label])
    return table


def last_features(model: str, images: list[Drawing]) -> np.ndarray:
    """What the last layer of a network gives for images, averaged over its places."""
    side = BACKBONES[model].input_size
    pixels = np.stack([np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)) for image, _ in images])
    found = build(model, include_top=False).predict(pixels.astype("float32"), batch_size=32, verbose=0)
    return np.asarray(found.mean(axis=(1, 2)))


def compare_numbers(kind: str, images: list[Drawing], arguments: argparse.Namespace) -> None:
    """Print a row: the errors of both, and the coverage of kerastl's intervals."""
    count = arguments.images
    truth = np.array([value for _, value in images])
    features = last_features(arguments.model, images)
    peer = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 6, 17))).fit(features[:count], truth[:count])
    with tempfile.TemporaryDirectory() as folder:
        table = write(Path(folder), images[:count], [repr(float(value)) for value in truth[:count]])
        options: dict[str, Any] = {"task": "regression", "resize": "squash", "verbose": 0}
        run = kerastl.finetune(table, arguments.model, arguments.recipe, output=Path(folder) / "run", **options)
        answers = kerastl.load(run.folder).classify([np.asarray(image) for image, _ in images[count:]])
    unseen, constant = truth[count:], np.abs(truth[count:] - truth[:count].mean()).mean()
    theirs, own = np.abs(peer.predict(features[count:]) - unseen).mean(), np.array([one.value for one in answers])
    held = np.mean([a.interval[0] <= value <= a.interval[1] for a, value in zip(answers, unseen, strict=True)])
    print(f"{kind:8} mean {constant:8.3f}  RidgeCV {theirs:8.3f}  kerastl {np.abs(own - unseen).mean():8.3f}", end="")
    print(f"  intervals at {COVERAGE:.0%} hold {held:.1%}", flush=True)


def compare_classes(kind: str, images: list[Drawing], arguments: argparse.Namespace) -> None:
    """Print a row: errors in ranks with the order of the classes and without it."""
    count = arguments.images
    truth = np.array([value for _, value in images])
    places = np.searchsorted(np.quantile(truth[:count], np.arange(1, CLASSES) / CLASSES), truth, side="right")
    found = {}
    for task in ("classification", "ordinal"):
        with tempfile.TemporaryDirectory() as folder:
            table = write(Path(folder), images[:count], [str(place) for place in places[:count]])
            options: dict[str, Any] = {"task": task, "resize": "squash", "verbose": 0}
            run = kerastl.finetune(table, arguments.model, arguments.recipe, output=Path(folder) / "run", **options)
            answers = kerastl.load(run.folder).classify([np.asarray(image) for image, _ in images[count:]])
        found[task] = np.abs(np.array([int(answer.label) for answer in answers]) - places[count:])
    shown = (f"{task} {off.mean():.3f} ranks off, {np.mean(off == 0):.1%} right" for task, off in found.items())
    print(f"{kind:8}", "  ".join(shown), flush=True)


def main() -> None:
    """Compare on each kind of images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default="disc,dots,angle")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--recipe", default="probe")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--ordinal", action="store_true")
    arguments = parser.parse_args()
    photos = [] if arguments.photos is None else sorted(
        path for path in arguments.photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    )  # fmt: skip
    compare = compare_classes if arguments.ordinal else compare_numbers
    for kind in [*filter(None, arguments.kinds.split(",")), *(PHOTOGRAPHED if photos else ())]:
        compare(kind, draw(kind, photos, arguments.images), arguments)


if __name__ == "__main__":
    main()
