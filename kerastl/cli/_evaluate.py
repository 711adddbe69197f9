"""`kerastl evaluate`: how good is a model, and where is it wrong?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl._base.text import percent
from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kerastl._tta import TTAName
    from kerastl.evaluation import Evaluation
    from kerastl.evaluation._selection import EvaluationSplit
    from kerastl.inference._open import EngineName
    from kerastl.inference._precision import Precision

# So that the answer fits on a screen; JSON and the report have everything.
_CLASSES, _ROWS = 20, 5
# Letters of a line with a figure and its interval.
_FIGURE = 46


@command()
@click.argument("model", metavar="MODEL", shell_complete=completion.models)
@click.argument("data", metavar="DATA", shell_complete=completion.paths)
@options.split("train", "val", "test", "all")
@options.table_columns
@option(
    "--report",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Write report.html, evaluation.json, and predictions.csv with a row an image, into DIR.",
)
@option(
    "--mistakes", type=click.IntRange(min=0), default=12, show_default=True, metavar="N",
    help="How many report.html shows and explains; explaining needs TensorFlow.",
)  # fmt: skip
@option(
    "--corruptions",
    is_flag=True,
    help="Also under noise, blur, brightness, contrast, JPEG, pixelation and rotation; takes 36 times as long.",
)
@option(
    "--ood-data",
    old=("--reject",),
    type=click.Path(exists=True, file_okay=False),
    metavar="OTHERS",
    help="Also how well images of other things, in the folder OTHERS, are rejected.",
)
@answer_options.tta
@options.form("text", "json")
@answer_options.top(5, "For the top-k accuracy, and classes an image in predictions.csv.")
@answer_options.engine()
@answer_options.precision("DATA")
@option(
    "--resamples",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    metavar="N",
    help="Of the bootstrap behind the intervals.",
)
@options.seed()
@options.csv_safe("In predictions.csv")
@options.trust
@options.telling
def evaluate(
    model: str,
    data: str,
    split: EvaluationSplit | None,
    report: str | None,
    mistakes: int,
    corruptions: bool,
    ood_data: str | None,
    tta: TTAName | None,
    resamples: int,
    seed: int,
    form: str,
    top: int,
    engine: EngineName,
    precision: Precision,
    representative_data: str | None,
    csv_safe: bool,
    trust: bool,
    **more: Any,
) -> int:
    """Compare a model with labeled images.

    MODEL is the run folder of a model you fine-tuned, or a network of `kerastl models`. DATA is a folder or table of
    labeled images as for `kerastl check`; one class or one part is enough. Where it is what the model was trained
    on, its parts are those of the training. Other images that it was trained on are left out, wherever they lie, and
    counted in a note; --split train and --split all take them. Classes are matched by name or WordNet id; those that do
    not match are reported and left out.

    Intervals are 95 % by bootstrap over images. Precision, recall and F1 are means over the classes that have
    images. The calibration error is the mean gap between score and accuracy in 15 bins. The Brier score lies between
    0 and 2.

    --ood-data needs a model that `kerastl calibrate` has seen. AUROC is the probability that an image of OTHERS is more
    unlike the training images than one of DATA.

    Exit code: 0 all images were used, 1 some could not be read, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._load import load
    from kerastl.evaluation import evaluate as examine

    if report is not None:
        _check_report(Path(report))
    classifier = load(
        model,
        engine=engine,
        precision=precision,
        representative_data=answer_options.representative(representative_data, [data]),
        trust=trust,
    )
    progress.current().detail(str(classifier))
    more |= {"top": top, "resamples": resamples, "seed": seed, "corruptions": corruptions, "ood_data": ood_data}
    more["tta"] = tta
    result = examine(classifier, data, split, **more)
    with progress.stage("working out how sure the figures are"):
        _ = result.figures
    if report is not None:
        _write(result, Path(report), csv_safe)
    try:
        if form == "json":
            click.echo(to_json(result.as_dict()))
        else:
            _print(result)
    finally:  # the report is complete even if nothing can be printed
        if report is not None:
            _write_page(result, Path(report) / "report.html", mistakes)
    return 1 if result.failed else 0


def _check_report(folder: Path) -> None:
    from kerastl._base.files import check_folder, check_target

    if not folder.absolute().parent.is_dir():
        raise UsageError(f"--report {folder}: there is no folder {folder.absolute().parent}")
    check_folder(folder, "--report")
    if folder.is_dir():
        for name in ("report.html", "evaluation.json", "predictions.csv"):
            check_target(folder / name, "--report")


def _write(result: Evaluation, folder: Path, csv_safe: bool) -> None:
    from kerastl._base.files import write_text
    from kerastl.evaluation import write_predictions

    folder.mkdir(exist_ok=True)
    write_predictions(result, folder / "predictions.csv", csv_safe=csv_safe)
    write_text(folder / "evaluation.json", to_json(result.as_dict()))


def _write_page(result: Evaluation, file: Path, mistakes: int) -> None:
    from kerastl import _progress as progress
    from kerastl._base.text import printable
    from kerastl.reporting import write_report

    write_report(result, file, mistakes=mistakes)
    progress.current().say(f"report: {printable(str(file))}")


def _print(result: Evaluation) -> None:
    from kerastl.cli._console import console, line

    out = console()
    for text in str(result).splitlines():
        # Where a figure and its interval do not fit beside each other, the interval goes below.
        for part in text.split("  (") if out.width < _FIGURE else [text]:
            line(out, part if text.startswith(part) else f"  ({part}")
    _print_classes(out, result)
    for title, lines in (
        ("most confused", _confusions(result)),
        ("most confident errors", _mistakes(result)),
        ("accuracy under corruptions, from weak to strong", _robustness(result)),
        ("rejection", [] if result.rejection is None else [str(result.rejection)]),
        ("notes", _notes(result)),
    ):
        shown = list(lines)
        if shown:
            out.print(f"\n{title}")
            for text in shown:
                line(out, f"  {text}")


def _print_classes(console: Console, result: Evaluation) -> None:
    from kerastl.cli._console import line, table

    # The worst classes are what one looks for where there are too many to show.
    scores = sorted(result.classes, key=lambda scores: scores.f1) if len(result.classes) > _CLASSES else result.classes
    rows = [
        [one.label, *(percent(value) for value in (one.precision, one.recall, one.f1)), f"{one.support:,}"]
        for one in scores[:_CLASSES]
    ]
    console.print()
    table(console, ["class", "precision", "recall", "F1", "images"], rows, spare=["precision", "recall", "images"])
    if len(scores) > _CLASSES:
        line(console, f"... {len(scores) - _CLASSES} classes with a better F1")


def _confusions(result: Evaluation) -> Iterator[str]:
    from kerastl._base.text import brief

    for pair in result.confused[:_ROWS]:
        label, predicted = brief(pair.label), brief(pair.predicted)
        yield f"{label} taken for {predicted}: {pair.count}, {percent(pair.fraction)} of {label}"


def _mistakes(result: Evaluation) -> Iterator[str]:
    for answer in result.mistakes(_ROWS):
        yield f"{answer.path}: {answer.predictions[0]}, but is {answer.label} ({percent(answer.label_score)})"


def _robustness(result: Evaluation) -> Iterator[str]:
    if result.robustness is not None:
        for name, row in result.robustness.accuracy.items():
            yield f"{name:10}  " + "  ".join(f"{percent(accuracy):>7}" for accuracy in row)
        yield f"{'mean':10}  {percent(result.robustness.mean):>7}, and {percent(result.robustness.clean)} as they are"


def _notes(result: Evaluation) -> Iterator[str]:
    yield from result.notes
    if result.temperature != 1:
        yield (
            f"scores are scaled with the temperature {result.temperature:.3f}; without it the calibration error is "
            f"{percent(result.reliability_before.error)}"
        )
    for name, count in list(result.unknown.items())[:_ROWS]:
        why = (result.matching.unknown.get(name) if result.matching else "") or "the model has no such class"
        yield f"{name}: {why}; {count} image{'s'[: count > 1]} left out"
    if len(result.unknown) > _ROWS:
        yield f"... {len(result.unknown) - _ROWS} more classes that the model does not have"
    if missing := result.missing:
        few = ", ".join(missing[:_ROWS]) + (", ..." if len(missing) > _ROWS else "")
        yield f"no images of {len(missing)} of the model's {len(result.labels)} classes: {few}"
    for path, reason in list(result.failed.items())[:_ROWS]:
        yield f"{path}: {reason}"
    if len(result.failed) > _ROWS:
        yield f"... {len(result.failed) - _ROWS} more images that cannot be read"
