"""What arguments change in a recipe."""

from pathlib import Path

import pytest

from kerastl.data import Dataset, Item
from kerastl.errors import RecipeError
from kerastl.finetuning import Phase, Recipe
from kerastl.finetuning._recipes import find_recipe
from kerastl.finetuning._settings import Settings

DATASET = Dataset(Path(), ("a", "b"), (Item("1.png", "a", "train"), Item("2.png", "b", "train")), "by hand")
STAGES = ("head", "top", "stem")
SOLVED = Phase(solver="logistic_regression", epochs=30)
RECIPE = Recipe("two", (SOLVED, Phase(trains=1, epochs=8, warmup=3, batch_size=32, learning_rate=0.01)))


def changed(**arguments):
    return find_recipe(RECIPE, DATASET, STAGES, Settings(**arguments).overrides)


def test_without_arguments_the_recipe_is_as_it_is():
    assert changed(seed=3, validation_split=0.5) == RECIPE


def test_arguments_stand_in_place_of_what_a_phase_of_gradient_steps_has():
    solved, phase = changed(epochs=5, batch_size=16, learning_rate=0.5, optimizer={"optimizer": "sgd"}).phases
    assert solved == SOLVED
    assert (phase.epochs, phase.batch_size, phase.learning_rate, phase.optimizer) == (5, 16, 0.5, "sgd")
    assert (phase.trains, phase.warmup) == (1, 3)


def test_the_warmup_is_no_longer_than_the_epochs():
    assert changed(epochs=2).phases[1].warmup == 2


def test_a_built_in_recipe_is_changed_likewise():
    phases = find_recipe("gradual", DATASET, STAGES, {"batch_size": 4}).phases
    assert [phase.batch_size for phase in phases] == [32, 4, 4]  # the head is solved


def test_what_breaks_a_rule_is_one_line():
    with pytest.raises(RecipeError, match="batch_size must be a whole number"):
        find_recipe(RECIPE, DATASET, STAGES, {"batch_size": 0})
