import asyncio
import json
import logging

import pytest

from kerastl.errors import UsageError
from kerastl.serving import ServeSettings
from kerastl.serving._logging import FORMATS, JSONFormatter, TextFormatter, forward_uvicorn
from kerastl.serving._measuring import Measured
from kerastl.serving._metrics import Metrics
from kerastl.serving._settings import LOG_FORMATS


def lines(caplog):
    return [record for record in caplog.records if record.name == "kerastl.requests"]


def test_each_request_is_a_line_where_that_is_asked_for(serving, caplog):
    caplog.set_level(logging.INFO, "kerastl.requests")
    with serving(verbose=2) as client:
        client.get("/v1/models?secret=1")
        client.post("/nowhere")
    first, second = lines(caplog)
    assert first.getMessage().startswith("GET /v1/models 200 ")
    assert first.getMessage().endswith(" ms testclient")
    assert second.request["status"] == 404
    assert "secret" not in caplog.text


def test_otherwise_none_is(client, caplog):
    caplog.set_level(logging.INFO, "kerastl.requests")
    client.get("/v1/models")
    assert lines(caplog) == []


async def _nothing(scope, receive, send):
    pass


@pytest.mark.parametrize("raw", [b"/a\r\nkerastl: serving \x1b[31m\xff" + b"x" * 10_000, None])
def test_what_a_client_puts_into_a_path_stays_on_its_line(caplog, raw):
    caplog.set_level(logging.INFO, "kerastl.requests")
    scope = {"type": "http", "method": "GET", "path": "/a\r\n\x1b[31m\udc80" + "x" * 10_000}
    scope |= {} if raw is None else {"raw_path": raw}
    asyncio.run(Measured(_nothing, Metrics(), log=True)(scope, None, None))
    (record,) = lines(caplog)
    for formatter in FORMATS.values():
        text = formatter().format(record)
        assert len(text) < 2000
        assert text.isprintable()


def test_json_lines_hold_the_request_and_what_failed():
    request = {"method": "GET", "path": "/", "status": 200, "milliseconds": 1.5, "client": "127.0.0.1"}
    record = logging.makeLogRecord({"msg": "a\nb", "levelname": "ERROR", "created": 0.25, "msecs": 250, "process": 7})
    record.request = request
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    read = json.loads(JSONFormatter().format(record))
    assert read.pop("traceback").endswith("ZeroDivisionError: by zero")
    assert read == {
        "time": "1970-01-01T00:00:00.250Z", "level": "error", "message": "a\\nb", "process": 7, **request
    }  # fmt: skip
    assert TextFormatter().format(record) == "kerastl: a\\nb"


def test_formats_are_those_of_the_settings():
    assert tuple(FORMATS) == LOG_FORMATS
    with pytest.raises(UsageError, match="log_format must be one of text, json"):
        ServeSettings((("a", "a"),), log_format="xml")


def test_uvicorn_speaks_through_kerastl(caplog, monkeypatch):
    uvicorn = logging.getLogger("uvicorn")
    monkeypatch.setattr(uvicorn, "handlers", [])
    monkeypatch.setattr(uvicorn, "propagate", True)
    forward_uvicorn(ServeSettings((("a", "a"),)))
    log = logging.getLogger("uvicorn.error")
    log.warning("Invalid HTTP request received.")
    log.error("told")
    log.error("told elsewhere", exc_info=ZeroDivisionError())
    log.error("Traceback (most recent call last):\n...\nasyncio.exceptions.CancelledError\n")  # a second Ctrl-C
    assert [(record.name, record.getMessage()) for record in caplog.records if record.name == "kerastl"] == [
        ("kerastl", "told")
    ]


def test_what_fails_is_an_error_of_the_log_and_nothing_of_it_an_answer(serving, red_png, caplog):
    with serving() as client:
        (model,) = client.app.state.server.models
        model.batcher._work = lambda items: 1 // 0
        answer = client.post("/v1/classify", content=red_png, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "Zero" not in answer.text
    (record,) = [each for each in caplog.records if each.levelname == "ERROR" and each.name == "kerastl"]
    assert record.getMessage().startswith("POST /v1/classify failed: ZeroDivisionError: ")
