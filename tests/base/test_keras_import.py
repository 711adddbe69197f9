import logging

from kerastl._base.keras_import import import_keras, retracing_unmentioned

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
