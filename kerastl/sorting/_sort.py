"""Sort images into a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from kerastl._base.arguments import keywords
from kerastl._base.files import check_folder, folder_path
from kerastl._classifier import Classifier
from kerastl._classify_options import check_as_calibrated
from kerastl._inputs import given
from kerastl._load import load
from kerastl._progress import Verbose, shown, stage
from kerastl._tta import TTAName
from kerastl.errors import ImageError, UsageError
from kerastl.images import ResizePolicy
from kerastl.inference._open import EngineName
from kerastl.inference._precision import Precision
from kerastl.sorting._result import SortResult
from kerastl.sorting._sorting import Sorting, SortOptions
from kerastl.sorting._transfer import ActionName


@keywords()
def sort(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    model: str | os.PathLike[str] | Classifier | None = None,
    *,
    to: str | os.PathLike[str],
    action: ActionName = "copy",
    min_score: float = 0.0,
    unsure: str | os.PathLike[str] | None = None,
    reject: bool = False,
    dry_run: bool = False,
    resume: bool = False,
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    batch_size: int | None = None,
    precision: Precision = "full",
    representative_data: Any = None,
    tta: TTAName | None = None,
    trust: bool = False,
    verbose: Verbose = "auto",
) -> SortResult:
    """Sort images into a folder for each class; of a model that gives several labels, into that of each.

    Nothing is ever overwritten: where a name is taken, a number is added. The file `sort.csv` in `to` says of each
    image where it was and where it went, before it goes, so that a process may be killed at any moment: `resume` goes
    on, and `kerastl.sorting.undo_sort` takes all of it back. Sidecars (`a.xmp`, `a.aae`, `a.jpg.xmp` of `a.jpg`) go
    where their image goes. Images that cannot be read stay where they are.

    Args:
        sources: A file, a folder with all images below it, a pattern such as `photos/*.jpg`, or several of these. What
            lies in `to` or `unsure` is left out.
        model: What `kerastl.load` takes, or what it gave.
        to: The folder that gets a folder for each class; made if it is not there.
        action: What is done with the files: `copy`, `move`, or `link`, which makes symbolic links.
        min_score: Images whose best class scores less are unsure. Of several labels those that score less do not
            count.
        unsure: The folder that unsure images go to; `None` leaves them where they are.
        reject: Whether images unlike those that the model was trained on are unsure, too. The model must be calibrated.
        dry_run: Whether to tell only what would be done.
        resume: Go on with a run in `to` that was interrupted.
        resize: As for `kerastl.load`, and so are the next four and `trust`.
        engine: What runs the network.
        batch_size: Images that go through it together.
        precision: `full` or `fast`.
        representative_data: Images that fast precision is fitted to; `None` takes the sources.
        tta: Test-time augmentation, as for `Classifier.classify`.
        trust: Whether the model may hold layers that run any code.
        verbose: What is shown while it works: 0 warnings only, 1 bars on a terminal, 2 lines; `auto` shows bars on a
            terminal and lines in a notebook.

    Returns:
        What became of each image, in the order of the sources.

    Raises:
        UsageError: An argument is wrong; or the last run in `to` was interrupted and `resume` is not set; or the model
            tells numbers, or several labels where files are to be moved.
        KerastlError: `to` cannot be written into, or its journal cannot be read.

    Example:
        >>> import kerastl
        >>> result = kerastl.sort(["data/umbrella.png", "data/candle.jpg"], "kerastl_mini", to="sorted", verbose=0)
        >>> [image.to for image in result]
        ['sorted/umbrella/umbrella.png', 'sorted/candle/candle.jpg']
        >>> print(result)
        2 images copied into 2 folders
    """
    named = _named(sources)
    folder = None if unsure is None else folder_path(unsure, "unsure")
    options = SortOptions(folder_path(to, "to"), action, min_score, folder, reject, dry_run, resume, tta)
    check_sort(options, precision)
    with shown(verbose):
        classifier = model
        if not isinstance(classifier, Classifier):
            sample = named if representative_data is None and precision == "fast" else representative_data
            classifier = load(
                classifier,
                resize=resize,
                engine=engine,
                batch_size=batch_size,
                precision=precision,
                representative_data=sample,
                trust=trust,
            )
        sorting = Sorting(classifier, options, named)
        images = []
        with stage("sorting images") as counter:
            for image in sorting.run(_files(named)):
                images.append(image)
                counter.advance()
    return SortResult(images, sorting.left_out)


def check_sort(options: SortOptions, precision: Precision) -> None:
    """Refuse what cannot be done, before a network is compiled for it."""
    if options.reject:
        check_as_calibrated(precision, options.tta)
    if not options.dry_run:
        check_folder(options.to, "to")
        if options.unsure is not None:
            check_folder(options.unsure, "unsure")


def _named(sources: Any) -> list[str]:
    """The sources, each as text."""
    several = [sources] if isinstance(sources, (str, os.PathLike)) else sources
    if isinstance(several, Iterable) and not isinstance(several, (bytes, bytearray)):
        found = list(several)
        wrong = [one for one in found if not isinstance(one, (str, os.PathLike))]
        if not wrong:
            return [os.fsdecode(one) for one in found]
        sources = wrong[0]
    raise UsageError(f"sources must be paths of files and folders, or patterns. Received: {type(sources).__name__}")


def _files(sources: list[str]) -> Iterator[Any]:
    """The files that the sources stand for, and what is said of those that stand for none."""
    for source in given(sources, urls=True, stored=False).images:
        yield source if isinstance(source, ImageError) else os.fsdecode(source)
