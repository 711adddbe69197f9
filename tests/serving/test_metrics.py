import re

import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture(scope="module")
def families(serving, red_png):
    """What /metrics tells after one answer and one refusal, by name."""
    with serving() as client:
        assert client.post("/v1/classify", content=red_png, headers={"Content-Type": "image/png"}).status_code == 200
        assert client.post("/v1/classify?top=0", content=red_png, headers={"Content-Type": "image/png"}).is_error
        answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(families, name, suffix="", **labels):
    samples = {tuple(sorted(each.labels.items())): each.value for each in families[name].samples if
               each.name == name + suffix}  # fmt: skip
    return samples[tuple(sorted(labels.items()))]


def test_requests_and_errors_are_counted(families):
    assert value(families, "kerastl_requests", "_total", endpoint="classify", status="200") == 1
    assert value(families, "kerastl_requests", "_total", endpoint="classify", status="400") == 1
    assert value(families, "kerastl_errors", "_total", code="bad_request") == 1
    assert value(families, "kerastl_requests_in_progress") == 1  # this one
    assert value(families, "kerastl_request_duration_seconds", "_count", endpoint="classify") == 2


def test_what_a_model_does_is_counted(families):
    assert value(families, "kerastl_queue_images", model="colors") == 0
    assert value(families, "kerastl_queue_duration_seconds", "_count", model="colors") == 1
    assert value(families, "kerastl_batch_images", "_sum", model="colors") == 1
    assert value(families, "kerastl_batch_seconds", "_total", model="colors") > 0


def test_models_are_told(families):
    (sample,) = families["kerastl_model_info"].samples
    assert sample.value == 1
    version = sample.labels.pop("version")
    assert re.fullmatch("[0-9a-f]{12}", version)
    assert sample.labels == {"model": "colors", "task": "classification", "engine": "litert"}
    assert value(families, "kerastl_model_load_seconds", model="colors") > 0
    assert value(families, "kerastl_model_load_timestamp_seconds", model="colors") > 1.7e9


def test_names_and_types_are_prometheus_own(families):
    own = {name: family for name, family in families.items() if name.startswith("kerastl_")}
    assert len(own) > 10
    for name, family in own.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert family.documentation.endswith("."), name
        assert family.type in ("counter", "gauge", "histogram")
        if family.type == "counter":
            assert all(sample.name.endswith(("_total", "_created")) for sample in family.samples)
        else:
            assert not name.endswith("_total")
        assert not {"ms", "milliseconds", "count", "sum", "bucket"} & set(name.split("_")), name
    assert "process_resident_memory_bytes" in families


def test_paths_of_clients_make_no_new_series(client):
    for number in range(3):
        assert client.get(f"/nowhere/{number}").status_code == 404
    text = client.get("/metrics").text
    assert 'kerastl_requests_total{endpoint="none",status="404"} 3.0' in text
    assert "nowhere" not in text
