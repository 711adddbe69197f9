import logging

import pytest

from kerastl._base.extras import MissingExtraError
from kerastl._base.keras_import import _backend_told, import_keras, retracing_unmentioned
from kerastl.errors import UsageError

ALARM = "5 out of the last 5 calls to <function {}> triggered tf.function retracing. Tracing is expensive"


def test_keras_traces_without_false_alarms(caplog):
    import_keras()
    log = logging.getLogger("tensorflow")
    log.addHandler(caplog.handler)
    try:
        with retracing_unmentioned(), retracing_unmentioned():
            log.warning(ALARM.format("TensorFlowTrainer.make_predict_function"))
            log.warning(ALARM.format("mine"))
            log.warning("other")
        assert {record.getMessage() for record in caplog.records} == {ALARM.format("mine"), "other"}
        log.warning(ALARM.format("TensorFlowTrainer.after the block"))
        assert "after the block" in caplog.text
    finally:
        log.removeHandler(caplog.handler)


def test_a_backend_that_is_not_there_is_told_in_a_line(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with (
        pytest.raises(UsageError, match="no backend 'theano': KERAS_BACKEND may be tensorflow, jax or torch"),
        _backend_told(),
    ):
        raise ValueError("Unable to import backend : theano")
    with (
        pytest.raises(MissingExtraError, match=r"jax, which is not installed: pip install 'kerastl\[jax\]'"),
        _backend_told(),
    ):
        raise ModuleNotFoundError("No module named 'jax'", name="jax")
    with pytest.raises(ModuleNotFoundError, match="h5py"), _backend_told():
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
