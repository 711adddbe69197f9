from pathlib import Path

import pytest

from kerastl.data import Dataset, Item
from kerastl.data._augmentation import Augmentation, Color, Crop, Flip
from kerastl.errors import RecipeError, UsageError
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._recipe_registry import RECIPES, RecipeBuilder
from kerastl.finetuning._recipes import find_recipe, read_recipe
from kerastl.finetuning._rules import Rule
from kerastl.models._registry import BACKBONES

STAGES = ("head", "top", "middle", "stem")


@pytest.mark.parametrize(
    ("trains", "expected"),
    [
        ("head", ("head",)),
        ("middle", ("head", "top", "middle")),
        (1, ("head", "top")),
        (3, STAGES),
        ("all", STAGES),
    ],
)
def test_a_phase_trains_from_the_head_down(trains, expected):
    assert Phase(trains=trains).trained_stages(STAGES) == expected


@pytest.mark.parametrize("trains", ["block_99", 4])
def test_a_stage_that_is_not_there_is_an_error_that_lists_what_is(trains):
    with pytest.raises(RecipeError, match="top, middle, stem"):
        Phase(trains=trains).trained_stages(STAGES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"trains": 0},
        {"trains": -1},
        {"trains": ""},
        {"trains": True},
        {"trains": None},
        {"epochs": 0},
        {"epochs": 1.5},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"layer_decay": 0.0},
        {"layer_decay": 1.5},
        {"warmup": 9.0, "epochs": 5},
        {"schedule": "square"},
        {"weight_decay": -0.1},
        {"label_smoothing": 1.0},
        {"augmentation": {}},
        {"num_augmented_copies": 0},
        {"patience": 0},
        {"batch_norm": "melted"},
        {"batch_size": 0},
        {"optimizer": ""},
        {"optimizer_options": 3},
        {"optimizer_options": {"momentum": float("nan")}},
        {"optimizer_options": {"learning_rate": 0.1}},
        {"clipnorm": 0.0},
        {"global_clipnorm": -1.0},
        {"clipvalue": "high"},
        {"clipnorm": 1.0, "clipvalue": 1.0},
        {"ema_momentum": 1.0},
        {"loss": ""},
        {"loss_options": [1]},
        {"rules": [Rule("*")]},
        {"solver": "magic"},
        {"trains": "all", "solver": "logistic_regression"},
    ],
)
def test_rules_of_a_phase(wrong):
    field = next(iter(wrong)) if "solver" not in wrong else "solver"
    with pytest.raises(RecipeError, match=f"{field}.*Received: {field}="):
        Phase(**wrong)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path):
    with (tmp_path / "r.json").open("wb") as file:
        file.truncate(1 << 34)  # sparse
    with pytest.raises(RecipeError, match=r"r.json: it has more than 1,048,576 bytes"):
        read_recipe(tmp_path / "r.json")


def test_a_recipe_survives_json():
    augmentation = Augmentation(crop=Crop(0.5), flip=Flip())
    phases = (
        Phase(),
        Phase(trains=2, augmentation=augmentation, num_augmented_copies=3),
        Phase(
            optimizer="sgd", optimizer_options={"momentum": 0.9}, global_clipnorm=1.0, ema_momentum=0.99,
            loss="categorical_focal_crossentropy", loss_options={"gamma": 1.5},
            rules=(Rule("head/*"), Rule("*", rate=0.1, weight_decay=0.0)),
        ),
    )  # fmt: skip
    recipe = Recipe("mine", phases, dropout=0.1, why="so")
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"phases": []}', "no phases"),
        ('{"phases": 3}', "phases must be a list"),
        ('{"phases": [{"train": "head"}]}', "phase 1: a phase has no field train. There is: trains"),
        ('{"phases": [{}, {"epochs": 0}]}', "phase 2: epochs"),
        ('{"phases": [{"augmentation": {"blur": {}}}]}', "phase 1: .*blur"),
        ('{"phases": [{"rules": [{"rate": 1}]}]}', "phase 1: a rule needs the field pattern"),
        ('{"phases": [{"rules": [{"pattern": "*", "rates": 1}]}]}', "phase 1: a rule has no field rates"),
        ('{"phases": [{"rules": [{"pattern": "*", "rate": -1}]}]}', "phase 1: a rule's rate must be zero or more"),
        ('{"phases": [{"rules": "all"}]}', "phase 1: rules must be a tuple of Rule"),
    ],
)
def test_broken_json_is_one_clear_line(text, message):
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [("shape", "schedule", "cosine"), ("stage_decay", "layer_decay", 0.5), ("views", "num_augmented_copies", 3)],
)
def test_fields_are_read_by_their_old_names_with_a_note(old, new, value, caplog):
    recipe = Recipe.from_dict({"phases": [{old: value}, {"epochs": 2}, {old: value}]})
    assert caplog.text.count(f"the recipe's {old} is called {new} now") == 1
    assert [getattr(phase, new) == value for phase in recipe.phases] == [True, False, True]


def test_an_augmentation_is_read_by_its_old_name_with_a_note(caplog):
    recipe = Recipe.from_dict({"phases": [{"augmentation": {"colour": {"hue": 0.1}}}] * 2})
    assert caplog.text.count("the recipe's colour is called color now") == 1
    assert recipe.phases[0].augmentation == Augmentation(color=Color(hue=0.1))


def test_validation_names_recipe_and_phase():
    with pytest.raises(RecipeError, match=r"'mine', phase 2: .*'nose'"):
        Recipe("mine", (Phase(), Phase(trains="nose"))).validate(STAGES)


@pytest.mark.parametrize("name", RECIPES.bundled)
def test_built_in_recipes_fit_every_backbone(name):
    for backbone in BACKBONES.names():
        stages = [stage.name for stage in BACKBONES[backbone].stages]
        RECIPES[name](len(stages) - 1).validate(stages)


def test_auto_chooses_by_the_data_and_says_why():
    few, some, many = (RECIPES["auto"](6, *counts) for counts in ((60, 5), (500, 100), (5_000, 800)))
    assert [recipe.name for recipe in (few, some, many)] == ["probe", "full", "full"]
    assert "5 training images in a typical class" in few.why
    assert "500" in some.why
    assert "5,000" in many.why


@pytest.mark.parametrize(
    ("counts", "name"),
    [
        ([200] * 99 + [5], "full"),  # one small class does not decide
        ([20_000, 5], "full"),
        ([5] * 60 + [300] * 40, "probe"),  # most classes are small, though there are 12,300 images
        ([39] * 3, "probe"),
        ([40] * 3, "full"),
    ],
)
def test_auto_goes_by_the_typical_class(counts, name):
    classes = tuple(f"c{number:03}" for number in range(len(counts)))
    items = [
        Item(f"{label}/{number}.jpg", label, "train")
        for label, count in zip(classes, counts, strict=True)
        for number in range(count)
    ]
    items += [Item(f"{label}/val.jpg", label, "val") for label in classes]
    recipe = find_recipe("auto", Dataset(Path("x"), classes, tuple(items), "made up"), STAGES, None)
    assert recipe.name == name
    assert ("typical class" in recipe.why) == (name == "probe")


def test_batch_norm_follows_the_images_only_where_there_are_many():
    few, many = (RECIPES["full"](6, count, count / 10).phases[1] for count in (800, 20_000))
    assert (few.batch_norm, many.batch_norm) == ("frozen", "trained")
    assert few.learning_rate < many.learning_rate


@pytest.mark.parametrize(("field", "value"), [("min_error", 1.0), ("min_error", -0.1), ("find_rate", 1)])
def test_what_decides_about_a_phase_is_checked(field, value):
    with pytest.raises(RecipeError, match=f"{field} must be"):
        Phase(**{field: value})


def test_unknown_built_in():
    with pytest.raises(UsageError, match="unknown recipe 'magic'; there are auto, probe, gradual, full"):
        RECIPES["magic"]


def test_what_is_no_recipe_is_named():
    with pytest.raises(RecipeError, match="the recipe 'odd' gives a str, not a Recipe"):
        RecipeBuilder("odd", "", lambda *_: "x")(1, 2, 3)
