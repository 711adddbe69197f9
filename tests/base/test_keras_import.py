import logging

from kerastl._base.keras_import import import_keras


def test_keras_traces_without_false_alarms(caplog):
    import_keras()
    log = logging.getLogger("tensorflow")
    alarm = "5 out of the last 5 calls to <function {}> triggered tf.function retracing. Tracing is expensive"
    with caplog.at_level(logging.WARNING, "tensorflow"):
        for handler_text in (alarm.format("TensorFlowTrainer.make_predict_function"), alarm.format("mine"), "other"):
            caplog.handler.setLevel(logging.WARNING)
            log.addHandler(caplog.handler)
            log.warning(handler_text)
            log.removeHandler(caplog.handler)
    texts = {record.getMessage() for record in caplog.records}
    assert texts == {alarm.format("mine"), "other"}
