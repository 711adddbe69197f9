"""What is said of a run; the figures are worked out by hand."""

from pathlib import Path

import pytest

from kerastl.finetuning._outcome import caveat, choice_made, kept, next_steps, outcome, reached, scored
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._scores import Score

STAGES = ("head", "top", "middle")
RECIPE = Recipe("three", (Phase(solver="logistic_regression"), Phase(trains=1), Phase(trains=2)))


def row(phase, epoch, accuracy, loss=0.5):
    return {"phase": phase, "epoch": epoch, "val_accuracy": accuracy, "val_loss": loss, "val_top5": 1.0}


def metrics(*history, n=100, recipe=RECIPE, phase=3):
    found = {"val_images": n, "train_images": 400, "classes": 2, "seconds": 65.0}
    found |= kept(history, recipe, STAGES, phase)
    best = max(row["val_accuracy"] for row in history) if history else 0.5
    return (
        found
        | scored("val", Score(best, -0.5, 1.0, figures={"accuracy": best, "loss": 0.5, "top5": 1.0}), n)
        | {"chosen_by_validation": len(history) > 1}
    )


def test_what_each_phase_brought():
    found = metrics(row(1, 1, 0.8), row(2, 1, 0.7), row(2, 2, 0.9, 0.4), row(3, 1, 0.9, 0.4))
    assert (found["kept_phase"], found["kept_epoch"]) == (2, 2)
    assert [phase["trains"] for phase in found["phases"]] == [
        "head by logistic regression",
        "head to top",
        "head to middle",
    ]
    assert found["phases"][1] == {
        "trains": "head to top",
        "epochs": 2,
        "best_epoch": 2,
        "best_val_accuracy": 0.9,
        "best_val_loss": 0.4,
        "best_loo_accuracy": None,
        "best_loo_loss": None,
    }


@pytest.mark.parametrize(
    ("history", "text"),
    [
        # Wilson: 80 of 100 is 71 to 87 %, so that 90 is more than chance and 85 is not.
        (
            [row(1, 1, 0.8), row(2, 1, 0.9), row(3, 1, 0.7)],
            "phase 2 of 3 (head to top): +10.0 points over phase 1 (10 images); phase 3 was no better",
        ),
        (
            [row(1, 1, 0.8), row(2, 1, 0.7), row(3, 1, 0.8), row(3, 2, 0.85)],
            "phase 3 of 3 (head to middle), epoch 2 of 2: +5.0 points over phase 1 (5 images: may be chance)",
        ),
        (
            [row(1, 1, 0.8), row(2, 1, 0.81)],
            "phase 2 of 3 (head to top): +1.0 points over phase 1 (1 image: may be chance)",
        ),
        (
            [row(1, 1, 0.8), row(2, 1, 0.8, 0.4)],
            "phase 2 of 3 (head to top): as many right as after phase 1, with a lower loss",
        ),
        (
            [row(1, 1, 0.8), row(2, 1, 0.7), row(3, 1, 0.7)],
            "phase 1 of 3 (head by logistic regression); phases 2 to 3 were no better",
        ),
        ([row(1, 1, 0.8)], None),
    ],
)
def test_which_weights_were_kept(history, text):
    assert choice_made(metrics(*history)) == text


def test_one_phase_of_many_epochs():
    recipe = Recipe("one", (Phase(),))
    found = metrics(row(1, 1, 0.8), row(1, 2, 0.9), row(1, 3, 0.9), recipe=recipe, phase=1)
    assert choice_made(found) == "head, epoch 2 of 3"


def test_a_first_epoch_that_was_not_completed():
    found = metrics(recipe=Recipe("one", (Phase(),)), phase=1)
    assert (found["kept_phase"], found["kept_epoch"]) == (1, None)
    assert choice_made(found) == "head, unfinished first epoch"


def test_the_last_lines():
    lines = outcome(metrics(row(1, 1, 0.8), row(2, 1, 0.9), row(3, 1, 0.7)), Path("runs/x\n"))
    assert lines == [
        # Wilson: 90 of 100.
        "runs/x\\n: 90.0 % of 100 validation images right (95 % sure: 83 to 94 %)",
        "  these images chose the best of 3 epochs, which flatters it a little",
        "  kept phase 2 of 3 (head to top): +10.0 points over phase 1 (10 images); phase",
        "    3 was no better",
        "  400 images trained on, 2 classes, 65 s; scores are not calibrated yet",
    ]
    assert all(len(line) <= 80 for line in lines)


def left_out(images=200, groups=100):
    recipe = Recipe("one", (Phase(solver="ridge"),))
    solved = {"phase": 1, "epoch": 1, "loo_accuracy": 0.9, "loo_loss": 0.3}
    found = {"val_images": 0, "train_images": 200, "classes": 2, "seconds": 65.0} | kept([solved], recipe, STAGES, 1)
    figures = {"accuracy": 0.9, "loss": 0.3, "top5": 1.0}
    reached = Score(0.9, -0.3, 1.0, "leave_one_out", images, groups, figures)
    return found | scored("loo", reached, groups) | {"loo_images": images}


def test_the_last_lines_of_a_run_in_which_every_image_trains():
    assert outcome(left_out(), Path("runs/x")) == [
        # Wilson: 90 of 100 groups.
        "runs/x: 90.0 % of 200 images right by leave-one-out (95 % sure: 83 to 94 %)",
        "  200 images trained on, 2 classes, 65 s; scores are calibrated by leave-one-out",
    ]
    assert left_out()["phases"][0] | {"best_loo_accuracy": 0.9} == left_out()["phases"][0]
    assert "solved without it" in caveat(left_out())


def test_a_solution_that_was_validated_too_says_both():
    found = metrics(row(1, 1, 0.8), recipe=Recipe("one", (Phase(solver="ridge"),)), phase=1)
    found |= {name: value for name, value in left_out().items() if name.startswith("loo_")}
    assert caveat(found) == ""  # nothing was chosen
    assert reached(found).startswith("80.0 % of 100 validation images")
    assert outcome(found, Path("x"))[1] == "  90.0 % of 200 images right by leave-one-out (95 % sure: 83 to 94 %)"


def test_commands_can_be_copied():
    lines = next_steps(Path("my run"), ["my data"])
    assert [line[line.index("kerastl") :] for line in lines] == [
        "kerastl evaluate 'my run' 'my data' --report 'my run-report'",
        "kerastl calibrate 'my run' 'my data'",
        "kerastl classify --model 'my run' IMAGE",
    ]
