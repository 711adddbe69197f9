"""`kerastl recommend`: images of an index that somebody may like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import Command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.inference._open import EngineName

_SEVERAL = ("--like", "--dislike")


class _SeveralValues(Command):
    """A command some of whose options take all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each of the words an option of its own."""
        return super().parse_args(ctx, list(_each(args)))


def _each(words: Iterable[str]) -> Iterator[str]:
    last = None
    for word in words:
        if word.startswith("-") and word != "-":
            last = word if word in _SEVERAL else None
            if last is None:
                yield word
        elif last is None:
            yield word
        else:
            yield f"{last}={word}"


def _images(name: str, text: str) -> Any:
    return option(name, multiple=True, metavar="IMAGE...", shell_complete=completion.paths, help=text)


@click.command(cls=_SeveralValues)
@options.db
@_images("--like", "Images that are liked: files, folders, or patterns in quotes. Those in the index are not read.")
@_images("--dislike", "Images that are not.")
@answer_options.top(10, "Images to recommend.")
@option(
    "--diversity", type=click.FloatRange(0, 1), default=0.2, show_default=True, metavar="P",
    help="How much it counts that recommendations are unlike each other; 0 goes by what is liked alone.",
)  # fmt: skip
@option(
    "--evaluate", type=click.Path(dir_okay=False, path_type=Path), metavar="LIKES",
    help="Instead, tell how well likes are foretold. LIKES is a CSV file with columns path, and if wanted user, and "
    "like (1, or 0 for a dislike).",
)  # fmt: skip
@option("--seed", type=int, default=0, show_default=True, metavar="N", help="With --evaluate: of what is held out.")
@answer_options.engine()
@options.form("text", "json", "jsonl", "csv")
@options.csv_safe("In CSV")
@options.trust
@options.telling
def recommend(
    db: Path,
    like: tuple[str, ...],
    dislike: tuple[str, ...],
    top: int,
    diversity: float,
    evaluate: Path | None,
    seed: int,
    engine: EngineName,
    form: str,
    csv_safe: bool,
    trust: bool,
) -> int:
    """Recommend images of an index by some that are liked.

    An image scores the mean cosine of its vector with those of the three liked images nearest to it, less half of that
    with the three nearest disliked ones. Of those that score well, images are chosen that are unlike each other.

    With --evaluate, half of each person's likes are held out, and recommended by the others: recall and nDCG say how
    many are found, and how far in front, beside those of the most popular and of random images.

    Exit code: 0 done, 1 it could not be done, 2 wrong usage.
    """
    if evaluate is not None:
        if like or dislike:
            raise UsageError("--evaluate LIKES has likes of its own, and excludes --like and --dislike")
        return _evaluate(db, evaluate, form, {"top": top, "diversity": diversity, "seed": seed})
    if not like:
        raise UsageError("--like IMAGE is missing: an image that is liked; or --evaluate LIKES")
    from kerastl.recommending import recommend as find

    _write(find(db, like, dislike, top=top, diversity=diversity, engine=engine, trust=trust), form, csv_safe)
    return 0


def _evaluate(db: Path, likes: Path, form: str, wanted: dict[str, Any]) -> int:
    from kerastl._base.serialization import to_json
    from kerastl.recommending import evaluate_recommendations

    if form not in ("text", "json"):
        raise UsageError(f"--evaluate tells figures, and no --format {form}: text or json")
    found = evaluate_recommendations(db, likes, **wanted)
    click.echo(to_json(found.as_dict()) if form == "json" else str(found))
    return 0


def _write(found: list[Any], form: str, safe: bool) -> None:
    from kerastl import _progress as progress
    from kerastl._base.serialization import csv_line
    from kerastl.cli import _output as out

    with out.opened(None) as stream:
        if form == "csv":
            stream.write(csv_line(("path", "score", "like", "similarity", "label")))
            stream.writelines(csv_line(one.as_dict().values(), safe=safe) for one in found)
            return
        for number, one in enumerate(found):
            stream.write(out.one(one, form, number))
        stream.write(out.ending(form, len(found)))
    if not found:
        progress.current().say("kerastl: nothing else is in the index")
