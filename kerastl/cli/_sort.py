"""`kerastl sort`: images into a folder for each class, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.inference._precision import Precision
    from kerastl.sorting._sorting import SortOptions


def folder(*names: str, **attributes: Any) -> Any:
    """An option whose value is a folder."""
    return option(*names, type=click.Path(file_okay=False, path_type=Path), metavar="DIR", **attributes)


@command()
@click.argument("sources", nargs=-1, metavar="SOURCE...", shell_complete=completion.paths)
@options.model
@folder("--to", help="The folder that gets a folder for each class.")
@option("--copy", "action", flag_value="copy", default="copy", help="Copy the files.  [default]")
@option("--move", "action", flag_value="move", help="Move the files.")
@option("--link", "action", flag_value="link", help="Make symbolic links to the files.")
@option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="P",
    help="Images whose best class scores less are unsure.",
)
@option("--reject", is_flag=True, help="Images unlike those that the model was trained on are unsure, too.")
@folder("--unsure", help="The folder that unsure images go to.  [default: they stay where they are]")
@option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@folder("--undo", help="Take back what was done with DIR, and do nothing else.")
@options.resize("the model's own")
@answer_options.engine()
@answer_options.precision("those to sort")
@option("--batch-size", type=click.IntRange(min=1), metavar="N", help="Images that go through the network together.")
@answer_options.tta
@options.form("text", "json", "jsonl")
@options.trust
@options.telling
def sort(
    sources: tuple[str, ...],
    model: str | None,
    to: Path | None,
    undo: Path | None,
    min_score: float,
    form: str,
    dry_run: bool,
    precision: Precision,
    **given: Any,
) -> int:
    """Sort images into a folder for each class.

    SOURCE is an image, a folder (with all images below it), a pattern in quotes such as '*.jpg', or - for a list of
    files on standard input. What lies in --to or --unsure is left out, and what was copied or linked there before.
    A model that gives several labels sorts into the folder of each, which --move cannot.

    Nothing is ever overwritten: where a name is taken, a number is added. Sidecars (a.xmp, a.aae and a.jpg.xmp of
    a.jpg) go where their image goes. Images that cannot be read stay where they are. DIR/sort.csv says of each file
    where it was and where it went, before it goes: --resume goes on after an interruption, --undo DIR takes it back.

    Exit code: 0 all images were sorted, 1 some could not be, 2 wrong usage.
    """
    if undo is not None:
        _refuse_beside_undo()
        return undo_folder(undo, dry_run, form)
    if not sources or to is None:
        raise UsageError(
            "SOURCE is missing: an image, a folder, a pattern in quotes, or - for a list of files"
            if not sources
            else "--to DIR is missing: the folder that gets a folder for each class"
        )
    from kerastl.sorting._sort import check_sort
    from kerastl.sorting._sorting import SortOptions

    wish = {name: given.pop(name) for name in ("action", "unsure", "reject", "resume", "tta")}
    wanted = SortOptions(to, min_score=min_score, dry_run=dry_run, **wish)
    check_sort(wanted, precision)
    sample = answer_options.representative(given.pop("representative_data"), sources)
    return _sort(sources, wanted, form, dict(given, model=model, precision=precision, representative_data=sample))


def _sort(sources: tuple[str, ...], wanted: SortOptions, form: str, to_load: dict[str, Any]) -> int:
    from kerastl import _progress as progress
    from kerastl._load import load
    from kerastl.cli import _output as out
    from kerastl.cli._images import Images
    from kerastl.images._sidecars import SIDECAR_SUFFIXES
    from kerastl.sorting._result import Tally
    from kerastl.sorting._sorting import Sorting

    reporter = progress.current()
    classifier = load(**to_load)
    reporter.detail(str(classifier))
    sorting, tally = Sorting(classifier, wanted, sources), Tally()
    images = Images(sources, urls=True, complains=form == "text", along=SIDECAR_SUFFIXES)
    with out.opened(None) as stream, reporter.stage("images", images.total) as counter:
        written, last = 0, None
        try:
            for result in sorting.run(images.paths):
                text = "" if form == "text" and result.error else out.one(result, form, written)
                reporter.write(stream, text)
                if result.path != last:  # else it is in another folder, too
                    images.note(result.path, result.error)
                written, last = written + 1, result.path
                tally.add(result)
                counter.update(images.count)
        except KeyboardInterrupt:
            reporter.say("kerastl: --resume goes on with this, and --undo takes it back")
            raise
        finally:
            reporter.write(stream, out.ending(form, written))
    if told := tally.without_failures():  # how many failed is said in the end
        reporter.say(f"kerastl: {told}")
    if sorting.left_out:
        count = f"{sorting.left_out:,} image{'' if sorting.left_out == 1 else 's'}"
        reporter.say(f"kerastl: {count} left out: in the folder itself, named twice, or sorted before")
    return images.ended("sorted")


def undo_folder(folder: Path, dry_run: bool, form: str) -> int:
    """Take back what was done with a folder, and tell of each file; give the exit code."""
    from kerastl import _progress as progress
    from kerastl.cli import _output as out
    from kerastl.sorting._undo import undoing

    reporter, count, failed = progress.current(), 0, 0
    with out.opened(None) as stream:
        for file in undoing(folder, dry_run):
            if form == "text" and file.error is not None:
                reporter.complain(f"kerastl: {file}")
            else:
                reporter.write(stream, out.one(file, form, count))
            count += 1
            failed += file.error is not None
        reporter.write(stream, out.ending(form, count))
    if failed:
        reporter.complain(f"kerastl: {failed} of {count} files could not be put back or removed")
    elif count:
        reporter.say(f"kerastl: {count:,} file{'s'[: count > 1]} {'would be ' if dry_run else ''}put back or removed")
    return 1 if failed else 0


def _refuse_beside_undo() -> None:
    """Raise `UsageError` for what means nothing when sorting is taken back."""
    context = click.get_current_context()
    beside = ("undo", "dry_run", "form", "quiet", "verbose")
    default = click.core.ParameterSource.DEFAULT
    for param in context.command.params:
        if param.name and param.name not in beside and context.get_parameter_source(param.name) is not default:
            name = "SOURCE" if isinstance(param, click.Argument) else max(param.opts, key=len)
            raise UsageError(f"--undo takes back what was done, and excludes {name}")
