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
from kerastl.finetuning._kept_classes import fared, fared_each
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._scores import Score
from kerastl.finetuning._state import PhaseRecord
from kerastl.tasks._task import CLASSIFICATION, FIGURES, TASKS, Task
from kerastl.tasks._words import WORDS

_WIDTH = 80


def kept(
    history: Sequence[Mapping[str, Any]],
    recipe: Recipe,
    stages: Sequence[str],
    phase: int,
    records: Mapping[str, PhaseRecord] | None = None,
    task: Task = TASKS[CLASSIFICATION],
) -> dict[str, Any]:
    """The part of `metrics.json` that says what each phase brought.

    Args:
        history: Rows of `history.csv`.
        recipe: What was done.
        stages: Of the network, from the head down.
        phase: The one that was under way when training ended, from 1, at most the number of phases.
        records: What was decided in the phases that were compared with their start, by number.
        task: What the scores are of.

    Returns:
        `kept_phase` from 1; `kept_epoch`, from 1 in its phase, None where the first epoch was not completed; and
        `phases`, for each what `trains`, its `epochs`, and of its best epoch the number, the task's figure and the loss
        on validation images and by leave-one-out, where there are such. A phase that was compared with its start has
        its `outcome`, the `fraction` of the way from there to its own weights that is kept, its highest
        `learning_rate`, and its `restarts`, too.
    """
    names = [f"{part}_{name}" for part in ("val", "loo") for name in (task.figure.name, "loss")]
    rows = []
    for number, planned in enumerate(recipe.phases, 1):
        own = [row for row in history if row["phase"] == number]
        best = best_epoch(own, task.figure)
        top = None if best is None else own[best]
        rows.append(
            {
                "trains": planned.named(stages),
                "epochs": len(own),
                "best_epoch": top and top["epoch"],
                **{f"best_{name}": top and top.get(name) for name in names},
                **_decided(planned, (records or {}).get(str(number))),
            }
        )
    place = best_epoch(history, task.figure)
    row = {"phase": phase, "epoch": None} if place is None else history[place]
    return {"kept_phase": row["phase"], "kept_epoch": row["epoch"], "phases": rows}


def _decided(phase: Phase, record: PhaseRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    rate = (record.learning_rate or phase.learning_rate) / 2**record.restarts
    return {
        "outcome": record.outcome,
        "fraction": record.fraction,
        "learning_rate": rate,
        "restarts": record.restarts,
    }


def scored(part: str, reached: Score, independent: int, task: Task = TASKS[CLASSIFICATION]) -> dict[str, Any]:
    """The part of `metrics.json` that says how good the model is.

    Args:
        part: With what the names begin: `val`, or `loo` for a score by leave-one-out.
        reached: The score.
        independent: Groups of images, which the interval goes by: those that belong together say little more than one.
        task: What the score is of.
    """
    found: dict[str, Any] = {f"{part}_{name}": value for name, value in reached.figures.items()}
    if task.figure.name == "accuracy":
        low, high = wilson_interval(round(reached.accuracy * independent), independent)
        found[f"{part}_accuracy_interval"] = [low, high]
    return found


def headline(metrics: Mapping[str, Any]) -> str:
    """With what the names of the figures begin that say how good a model is: `val`, or `loo` for leave-one-out."""
    return "val" if metrics.get("val_loss") is not None else "loo"


def task_of(metrics: Mapping[str, Any]) -> Task:
    """What a run was for; earlier versions knew classification only."""
    return TASKS[metrics.get("task", CLASSIFICATION)]


def tells(metrics: Mapping[str, Any]) -> str:
    """What the model tells of an image, in a few words."""
    return WORDS[task_of(metrics).name].counted(metrics["classes"])


def reached(metrics: Mapping[str, Any], part: str | None = None) -> str:
    """The task's figure, such as `83.0 % of 153 validation images right (95 % sure: 76 to 88 %)` for classes."""
    part = part or headline(metrics)
    figure = task_of(metrics).figure
    if f"{part}_accuracy_interval" not in metrics:
        where = "of {:,} validation images" if part == "val" else "of {:,} images by leave-one-out"
        names = (name for name in task_of(metrics).other_figures if name in FIGURES)
        shown = (figure, *(FIGURES[name] for name in names))
        values = (f"{one.label} {one.text(metrics[f'{part}_{one.name}'])}" for one in shown)
        return f"{', '.join(values)} {where.format(metrics[f'{part}_images'])}"
    low, high = (round(100 * end) for end in metrics[f"{part}_accuracy_interval"])
    what = "validation images right" if part == "val" else "images right by leave-one-out"
    n = metrics[f"{part}_images"]
    return f"{percent(metrics[f'{part}_accuracy'])} of {n:,} {what} (95 % sure: {low} to {high} %)"


def caveat(metrics: Mapping[str, Any]) -> str:
    """What to know about the accuracy; empty where there is nothing."""
    if headline(metrics) == "loo":
        return "every image was answered by a head that was solved without it and what belongs to it"
    epochs = sum(phase["epochs"] for phase in metrics["phases"])
    if not metrics.get("chosen_by_validation"):
        return ""
    return f"these images chose the best of {epochs:,} epochs, which flatters it a little"


def outcome(metrics: Mapping[str, Any], folder: Path, facts: Sequence[str] = ()) -> list[str]:
    """Say in a few lines what came of a run: how good the model is, and which weights were kept.

    Args:
        metrics: What `metrics.json` holds.
        folder: Of the run.
        facts: What else to know of its answers, one line each, as `answer_facts` gives it.
    """
    calibrated = "calibrated by leave-one-out" if "loo_loss" in metrics else "not calibrated yet"
    fitted = "intervals" if task_of(metrics).kind == "number" else "scores"
    numbers = (
        f"{metrics['train_images']:,} images trained on, {tells(metrics)}, "
        f"{duration(metrics['seconds'])}; {fitted} are {calibrated}"
    )
    choice, more = choice_made(metrics), []
    if headline(metrics) == "val":
        more.append(caveat(metrics))
        if "loo_loss" in metrics:
            more.append(reached(metrics, "loo"))
    more.append("" if choice is None else f"kept {choice}")
    more.append(chosen_among(metrics))
    kept = metrics.get("kept_classes")
    more += ["" if kept is None else fared(kept), *facts]
    lines = [f"{printable(str(folder))}: {reached(metrics)}"]
    for text in filter(None, more):
        lines += wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    each = [] if kept is None else [f"    {line}" for line in fared_each(kept)]
    return [*lines, *each, f"  {numbers}"]


def chosen_among(metrics: Mapping[str, Any]) -> str:
    """Say that the network was chosen among several, which flatters a figure by leave-one-out; empty if it was not."""
    search = metrics.get("search")
    if search is None:
        return ""
    flatters = ", which flatters that figure a little" if headline(metrics) == "loo" else ""
    return f"the network is the best of {search['chosen_among']} by leave-one-out (search.json){flatters}"


def choice_made(metrics: Mapping[str, Any]) -> str | None:
    """Say which epoch of which phase was kept and what that brought; None where there was but one."""
    phases, number, epoch = metrics["phases"], metrics["kept_phase"], metrics["kept_epoch"]
    if sum(phase["epochs"] for phase in phases) == 1 and epoch is not None:
        return None
    phase, part = phases[number - 1], headline(metrics)
    figure = task_of(metrics).figure
    score, loss = f"best_{part}_{figure.name}", f"best_{part}_loss"
    text = f"phase {number} of {len(phases)} ({phase['trains']})" if len(phases) > 1 else phase["trains"]
    if epoch is None:
        return f"{text}, unfinished first epoch"
    if phase["epochs"] > 1:
        text += f", epoch {epoch} of {phase['epochs']}"
    earlier = [one for one in enumerate(phases[: number - 1], 1) if one[1]["epochs"]]
    if earlier and phase.get("outcome"):
        fraction = phase["fraction"]
        text += "" if fraction == 1 else f", averaged with its start ({percent(fraction, 0)} of the way)"
        text += f": {phase['outcome']}"
    elif earlier:
        sign = 1 if figure.higher_is_better else -1
        before, best = max(earlier, key=lambda one: (sign * one[1][score], -one[1][loss]))
        if figure.name == "accuracy":
            text += f": {_gain(best[score], phase[score], metrics[f'{part}_images'], before)}"
        else:
            text += f": {figure.label} {figure.text(phase[score])}, {figure.text(best[score])} after phase {before}"
    later = [place for place, one in enumerate(phases, 1) if place > number and one["epochs"]]
    if later:
        names = f"phase {later[0]} was" if len(later) == 1 else f"phases {later[0]} to {later[-1]} were"
        text += f"; {names} no better"
    if metrics.get("refitted"):
        text += f", so that the head was solved again on all {metrics['train_images']:,} images"
    return text


def _gain(before: float, after: float, n: int, phase: int) -> str:
    """What a phase brought, and whether so few images can tell."""
    images = round((after - before) * n)
    if images == 0:
        return f"as many right as after phase {phase}, with a lower loss"
    doubt = ": may be chance" if after <= wilson_interval(round(before * n), n)[1] else ""
    what = "image" if images == 1 else "images"
    return f"{100 * (after - before):+.1f} points over phase {phase} ({images:,} {what}{doubt})"


def next_steps(folder: Path, data: Sequence[str], trust: bool = False, *, calibrated: bool = False) -> list[str]:
    """What to do with the model, as commands.

    Args:
        folder: Of the run.
        data: How the command line names the images.
        trust: Whether the model is loaded with trust only.
        calibrated: Whether its scores mean what they say already.
    """
    run = str(folder)
    trusted = ["--trust-model"] if trust else []
    commands = {
        "where is it wrong?": ["kerastl", "evaluate", run, *data, "--report", f"{run}-report", *trusted],
        "scores to trust:": ["kerastl", "calibrate", run, *data, *trusted],
        "use it:": ["kerastl", "classify", "--model", run, *trusted, "IMAGE"],
    }
    if calibrated:
        del commands["scores to trust:"]
    return [f"  {what:18} {printable(join(words))}" for what, words in commands.items()]
