import json

import keras
import pytest

from kerastl.errors import UsageError
from kerastl.finetuning._compiling import loss_for
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._phase_fields import loss_fields, optimizer_fields
from kerastl.finetuning._settings import Settings


def test_an_optimizer_is_fields_of_a_phase():
    optimizer = keras.optimizers.SGD(0.03, momentum=0.9, clipnorm=2.0, weight_decay=0.01, use_ema=True)
    fields = optimizer_fields(optimizer)
    phase = Phase(**json.loads(json.dumps(fields)))
    assert (phase.optimizer, phase.learning_rate, phase.weight_decay) == ("SGD", 0.03, 0.01)
    assert (phase.clipnorm, phase.clipvalue, phase.ema_momentum) == (2.0, None, 0.99)
    assert phase.optimizer_options == {"momentum": 0.9, "nesterov": False}


def test_a_name_takes_the_place_of_the_optimizer_alone():
    assert optimizer_fields("lion") == {"optimizer": "lion", "optimizer_options": {}}
    assert optimizer_fields(keras.optimizers.Lamb(0.5))["optimizer"] == "Lamb"  # which `keras.optimizers.get` lacks
    assert loss_fields(keras.losses.poisson) == loss_fields("poisson") == {"loss": "poisson", "loss_options": {}}
    assert (optimizer_fields(None), loss_fields(None)) == (None, None)


def test_a_loss_is_fields_of_a_phase():
    fields = loss_fields(keras.losses.CategoricalFocalCrossentropy(gamma=1.5, label_smoothing=0.1))
    phase = Phase(**json.loads(json.dumps(fields)))
    assert (phase.label_smoothing, phase.loss_options["gamma"]) == (0.1, 1.5)
    assert isinstance(loss_for(phase), keras.losses.CategoricalFocalCrossentropy)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizer_fields(3), "optimizer must be a name or an object"),
        (lambda: optimizer_fields(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9))), "a number"),
        (lambda: optimizer_fields(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())), "name of an optimizer"),
        (lambda: optimizer_fields("adamm"), "optimizer must be the name of an optimizer of Keras"),
        (lambda: loss_fields(lambda true, guess: 0), "loss must be a name or an object"),
        (lambda: loss_fields("crossentropi"), "loss must be the name of a loss of Keras"),
        (lambda: loss_fields("sparse_categorical_crossentropy"), "cannot be used"),
        (lambda: loss_fields(keras.losses.CategoricalCrossentropy(from_logits=True)), "from_logits must be False"),
    ],
)
def test_what_is_none_is_one_line(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_what_is_asked_for_stands_in_place_of_what_the_optimizer_says():
    settings = Settings(optimizer=optimizer_fields(keras.optimizers.Adam(0.5)), learning_rate=0.25, epochs=3)
    assert settings.overrides["learning_rate"] == 0.25
    assert settings.overrides["optimizer"] == "Adam"
