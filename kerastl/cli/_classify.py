"""`kerastl classify`: what is in these images?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.cli._keyword_files import KEYWORD_FORMATS
from kerastl.cli._output import FORMATS
from kerastl.cli._parts import in_parts
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl._classifier import Classifier
    from kerastl._tta import TTAName
    from kerastl.cli._images import Images
    from kerastl.images import ResizePolicy
    from kerastl.inference._open import EngineName
    from kerastl.inference._precision import Precision
    from kerastl.models._labels import Classification
    from kerastl.results._target import PartsTarget
    from kerastl.tasks._task import TargetKind


@command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=completion.paths)
@options.model
@answer_options.top(3, "Classes an image.")
@options.resize("the model's own, crop for published weights", "; `keras` is what keras.utils.load_img does")
@options.form(
    *FORMATS,
    "parquet",
    *KEYWORD_FORMATS,
    text="parquet writes parts into the folder DIR, and csv and jsonl do where DIR is one. xmp writes labels as "
    "keywords into an XMP file beside each image, exif into the image itself.",
)
@option("--in-place", is_flag=True, help="With --format exif: change the images. Their pixels stay as they are.")
@option(
    "--output",
    "-o",
    type=click.Path(),
    metavar="FILE|DIR",
    help="Write to FILE, which appears when it is complete; - is standard output. Or write parts into the folder DIR: "
    "one that is there, or whose name ends in /.",
)
@in_parts
@answer_options.engine()
@answer_options.precision("those to classify")
@option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Images that go through the network together.  [default: what this machine does fastest]",
)
@option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Instead of the best --top classes, give as many as hold the right one with probability P.",
)
@option("--reject", is_flag=True, help="Flag images unlike those that the model was trained on.")
@answer_options.tta
@option(
    "--sure",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Answer first at the deepest place in the tree of classes that scores P: dog, where the breed is not sure.",
)
@options.csv_safe("With --format csv")
@options.urls
@option(
    "--ray",
    type=click.IntRange(min=1),
    metavar="N",
    help="Spread the images over N processes of a Ray cluster: the one that RAY_ADDRESS names, or this machine. All "
    "must find images and model under the same names.",
)
@option(
    "--min-score",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Leave out classes below P.  [default: 0; for keywords 0.5]",
)
@options.trust
@options.telling
def classify(
    sources: tuple[str, ...],
    model: str | None,
    top: int,
    resize: ResizePolicy | None,
    form: str,
    in_place: bool,
    output: str | None,
    part_size: int | None,
    shard: str | None,
    engine: EngineName,
    precision: Precision,
    representative_data: str | None,
    batch_size: int | None,
    coverage: float | None,
    reject: bool,
    tta: TTAName | None,
    sure: float | None,
    urls: bool,
    ray: int | None,
    min_score: float | None,
    csv_safe: bool,
    trust: bool,
) -> int:
    """Say what is in images.

    SOURCE is an image, a folder (with all images below it), a pattern in quotes such as '*.jpg', an archive (.tar,
    .tar.gz, .zip, .parquet), an address (https://, s3://, gs://, az://, hdfs://), or - for a list of files on standard
    input. What is no image is left out of folders and archives, and tried where it is named.
    Results go to standard output, in the order of the sources.

    Parts have a row an image, also for one that cannot be read, and a manifest tells which are done. The same command
    goes on after the last one; `kerastl results DIR` reads them together.

    --coverage and --reject need a model that `kerastl calibrate` has seen. --sure needs a tree of classes: ImageNet's
    networks have WordNet's, and a model fine-tuned on nested folders with --classes path has theirs.

    Keywords are dc:subject in XMP, and IPTC keywords too in a JPEG. What is there stays, and nothing is added twice.
    The file beside photo.jpg is photo.jpg.xmp, or photo.xmp where that is there and no other image's. --format exif
    takes JPEG, PNG, WebP and TIFF, and needs --in-place.

    Exit code: 0 all images were classified, 1 some could not be, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._inputs import Expanded
    from kerastl._load import load
    from kerastl.cli import _keyword_files as keyword_files
    from kerastl.cli import _output as out
    from kerastl.cli import _parts as parts
    from kerastl.tasks._task import TASKS

    _check(model, coverage, reject, min_score or 0, precision, tta)
    keyword_files.check(form, in_place)
    target = parts.target(output, form, part_size, shard)
    if target is None:
        out.check(output)
    opening: dict[str, Any] = {
        "model": model,
        "resize": resize,
        "engine": engine,
        "batch_size": batch_size,
        "precision": precision,
        "trust": trust,
    }
    classifier = load(**opening, representative_data=answer_options.representative(representative_data, sources))
    progress.current().detail(str(classifier))
    kind = TASKS[classifier.metadata.task].kind
    lowest = _lowest(kind, form, min_score, coverage)
    images = _images(sources, urls, form, target)
    asked: dict[str, Any] = {"top": top, "coverage": coverage, "reject": reject, "tta": tta, "sure": sure}

    with _answering(classifier, opening, asked, ray) as answered:

        def answer(paths: Iterable[Any]) -> Iterator[Classification]:
            return _above(answered(paths), lowest)

        if target is not None:
            options = {**asked, "min-score": min_score, "csv-safe": csv_safe, "precision": precision}
            options["batch-size"] = batch_size
            with parts.classification_parts(classifier, sources, target, options) as folder:
                return parts.written(folder, images, lambda paths: answer(Expanded(paths, urls=True)), "classified")
        answers = answer(images.paths)
        if form in KEYWORD_FORMATS:
            results = keyword_files.written(answers, form, out.nothing(kind))
        else:
            results = out.rendered(answers, form, reject, csv_safe, sure is not None, kind)
        _write(results, images, output, form)
    return images.ended("given keywords" if form in KEYWORD_FORMATS else "classified")


@contextmanager
def _answering(
    classifier: Classifier, opening: dict[str, Any], asked: dict[str, Any], actors: int | None
) -> Iterator[Callable[[Iterable[Any]], Iterator[Classification]]]:
    """What answers streams of images: this process, or actors of Ray."""
    if actors is None:
        yield lambda images: iter(classifier.classify(images, errors="return", **asked))
        return
    from kerastl.ray import Job, classifying_actors

    with classifying_actors(Job(opening, asked), actors) as classify:
        yield classify


def _write(results: Iterable[tuple[Classification, str]], images: Images, output: str | None, form: str) -> None:
    """Write each result as soon as it is there."""
    from kerastl import _progress as progress
    from kerastl.cli import _output as out

    reporter = progress.current()
    with out.opened(output) as stream, reporter.stage("images", images.total) as counter:
        try:
            for result, text in results:
                reporter.write(stream, out.for_terminal(text) if form == "csv" and stream.isatty() else text)
                images.note(result.path, result.error)
                counter.update(images.count)
        finally:
            reporter.write(stream, out.ending(form, images.count))


def _images(sources: tuple[str, ...], urls: bool, form: str, target: PartsTarget | None) -> Images:
    """The images; the files beside them that keywords go into are none that are left out."""
    from kerastl.cli._images import Images
    from kerastl.images._sidecars import SIDECAR_SUFFIXES

    along = SIDECAR_SUFFIXES if form in KEYWORD_FORMATS else ()
    complains = target is None and form not in ("json", "jsonl")
    stored = form not in KEYWORD_FORMATS  # which are written into files, or beside them
    shard = None if target is None else target.shard
    return Images(sources, urls, complains=complains, along=along, shard=shard, stored=stored)


def _check(
    model: str | None,
    coverage: float | None,
    reject: bool,
    min_score: float,
    precision: Precision,
    tta: TTAName | None,
) -> None:
    """Refuse what makes no sense, before a network is fetched and compiled."""
    from kerastl._classify_options import check_as_calibrated
    from kerastl.models._spec import names_backbone

    if coverage is not None and min_score > 0:
        raise UsageError("--coverage and --min-score exclude each other: what is left out may be what is right")
    if coverage is not None or reject:
        check_as_calibrated(precision, tta)
    if (coverage is not None or reject) and (model is None or names_backbone(model)):
        from kerastl.calibration._state import PUBLISHED

        raise UsageError(PUBLISHED)


def _lowest(kind: TargetKind, form: str, min_score: float | None, coverage: float | None) -> float:
    """What classes must score."""
    from kerastl.cli import _keyword_files as keyword_files

    if kind == "number" and (min_score or form in KEYWORD_FORMATS):
        asked = "--min-score" if min_score else f"--format {form}"
        raise UsageError(f"{asked} is for classes, and this model tells a number")
    if min_score is not None:
        return min_score
    # Labels that are given have reached thresholds of their own.
    return keyword_files.min_score(form) if coverage is None and kind == "index" else 0.0


def _above(results: Iterable[Classification], score: float) -> Iterator[Classification]:
    for result in results:
        yield replace(result, predictions=tuple(p for p in result.predictions if p.score >= score))
