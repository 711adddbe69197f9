"""`kerastl evaluate`: how good is a model, and where is it wrong?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl._tta import TTAName
    from kerastl.evaluation import BaseEvaluation
    from kerastl.evaluation._selection import EvaluationSplit
    from kerastl.inference._open import EngineName
    from kerastl.inference._precision import Precision


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

    MODEL is the run folder of a model you fine-tuned, a file of `kerastl export`, or a network of `kerastl models`.
    DATA is a folder, a table or archives of labeled images as for `kerastl check`; one class or one part is enough.
    Where it is what the model was trained on, its parts are those of the training. Other images that it was trained on
    are left out, wherever they lie, and counted in a note; --split train and --split all take them. Classes are matched
    by name or WordNet id; those that do not match are reported and left out.

    Intervals are 95 % by bootstrap over images. Precision, recall and F1 are means over the classes that have
    images. The calibration error is the mean gap between score and accuracy in 15 bins. The Brier score lies between
    0 and 2. A model of several labels is measured by average precision, and by precision, recall and F1 at its
    thresholds; one of numbers by errors in their unit, R2 and the coverage of its intervals; ordered classes also by
    how many classes answers are off, and by quadratic kappa.

    --ood-data needs a model that `kerastl calibrate` has seen. AUROC is the probability that an image of OTHERS is more
    unlike the training images than one of DATA.

    Exit code: 0 all images were used, 1 some could not be read, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._base.extras import require_module
    from kerastl._load import load
    from kerastl.cli._evaluation_text import show
    from kerastl.evaluation import evaluate as examine

    if form == "text":
        require_module("rich")
    if report is not None:
        require_module("jinja2")
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
            show(result)
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


def _write(result: BaseEvaluation, folder: Path, csv_safe: bool) -> None:
    from kerastl._base.files import write_text
    from kerastl.evaluation import write_predictions

    folder.mkdir(exist_ok=True)
    write_predictions(result, folder / "predictions.csv", csv_safe=csv_safe)
    write_text(folder / "evaluation.json", to_json(result.as_dict()))


def _write_page(result: BaseEvaluation, file: Path, mistakes: int) -> None:
    from kerastl import _progress as progress
    from kerastl._base.text import printable
    from kerastl.reporting import write_report

    write_report(result, file, mistakes=mistakes)
    progress.current().say(f"report: {printable(str(file))}")
