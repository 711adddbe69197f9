"""What came of a run: which weights were kept, what each phase brought, and how sure the figures are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import join
from textwrap import wrap
from typing import Any

from kerastl._base.text import percent, printable
from kerastl._metrics import best_epoch, wilson_interval
from kerastl._progress.lines import duration
from kerastl.finetuning._recipe import Recipe

_WIDTH = 80


def kept(history: Sequence[Mapping[str, Any]], recipe: Recipe, stages: Sequence[str], phase: int) -> dict[str, Any]:
    """The part of `metrics.json` that says what each phase brought.

    Args:
        history: Rows of `history.csv`.
        recipe: What was done.
        stages: Of the network, from the head down.
        phase: The one that was under way when training ended, from 1, at most the number of phases.

    Returns:
        `kept_phase` from 1; `kept_epoch`, from 1 in its phase, None where the first epoch was not completed; and
        `phases`, for each what `trains`, its `epochs`, and of its best epoch the number, the accuracy and the loss.
    """
    rows = []
    for number, planned in enumerate(recipe.phases, 1):
        own = [row for row in history if row["phase"] == number]
        best = best_epoch(own)
        top = None if best is None else own[best]
        rows.append(
            {
                "trains": planned.named(stages),
                "epochs": len(own),
                "best_epoch": top and top["epoch"],
                "best_val_accuracy": top and top["val_accuracy"],
                "best_val_loss": top and top["val_loss"],
            }
        )
    place = best_epoch(history)
    row = {"phase": phase, "epoch": None} if place is None else history[place]
    return {"kept_phase": row["phase"], "kept_epoch": row["epoch"], "phases": rows}


def interval(metrics: Mapping[str, Any]) -> tuple[float, float]:
    """Where the accuracy may lie with 95 % confidence, for so few validation images."""
    n = metrics["val_images"]
    return wilson_interval(round(metrics["val_accuracy"] * n), n)


def accuracy(metrics: Mapping[str, Any]) -> str:
    """The accuracy and how sure it is: `83.0 % of 153 validation images right (95 % sure: 76 to 88 %)`."""
    low, high = (round(100 * end) for end in metrics["val_accuracy_interval"])
    n = metrics["val_images"]
    return f"{percent(metrics['val_accuracy'])} of {n:,} validation images right (95 % sure: {low} to {high} %)"


def outcome(metrics: Mapping[str, Any], folder: Path) -> list[str]:
    """Say in a few lines what came of a run: how good the model is, and which weights were kept."""
    facts = (
        f"{metrics['train_images']:,} images trained on, {metrics['classes']:,} classes, "
        f"{duration(metrics['seconds'])}; scores are not calibrated yet"
    )
    lines = [f"{printable(str(folder))}: {accuracy(metrics)}", f"  {facts}"]
    if (choice := choice_made(metrics)) is not None:
        lines[1:1] = wrap(f"kept {choice}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def choice_made(metrics: Mapping[str, Any]) -> str | None:
    """Say which epoch of which phase was kept and what that brought; None where there was but one."""
    phases, number, epoch = metrics["phases"], metrics["kept_phase"], metrics["kept_epoch"]
    if sum(phase["epochs"] for phase in phases) == 1 and epoch is not None:
        return None
    phase = phases[number - 1]
    text = f"phase {number} of {len(phases)} ({phase['trains']})" if len(phases) > 1 else phase["trains"]
    if epoch is None:
        return f"{text}, unfinished first epoch"
    if phase["epochs"] > 1:
        text += f", epoch {epoch} of {phase['epochs']}"
    earlier = [one for one in enumerate(phases[: number - 1], 1) if one[1]["epochs"]]
    if earlier:
        before, best = max(earlier, key=lambda one: (one[1]["best_val_accuracy"], -one[1]["best_val_loss"]))
        text += f": {_gain(best['best_val_accuracy'], phase['best_val_accuracy'], metrics['val_images'], before)}"
    later = [place for place, one in enumerate(phases, 1) if place > number and one["epochs"]]
    if later:
        names = f"phase {later[0]} was" if len(later) == 1 else f"phases {later[0]} to {later[-1]} were"
        text += f"; {names} no better"
    return text


def _gain(before: float, after: float, n: int, phase: int) -> str:
    """What a phase brought, and whether so few images can tell."""
    images = round((after - before) * n)
    if images == 0:
        return f"as many right as after phase {phase}, with a lower loss"
    doubt = ": may be chance" if after <= wilson_interval(round(before * n), n)[1] else ""
    what = "image" if images == 1 else "images"
    return f"{100 * (after - before):+.1f} points over phase {phase} ({images:,} {what}{doubt})"


def next_steps(folder: Path, data: Sequence[str], trust: bool = False) -> list[str]:
    """What to do with the model, as commands.

    Args:
        folder: Of the run.
        data: How the command line names the images.
        trust: Whether the model is loaded with trust only.
    """
    run = str(folder)
    trusted = ["--trust-model"] if trust else []
    commands = (
        ("where is it wrong?", ["kerastl", "evaluate", run, *data, "--report", f"{run}-report", *trusted]),
        ("scores to trust:", ["kerastl", "calibrate", run, *data, *trusted]),
        ("use it:", ["kerastl", "classify", "--model", run, *trusted, "IMAGE"]),
    )
    return [f"  {what:18} {printable(join(words))}" for what, words in commands]
