import threading

import pytest

from kerastl.serving import _state as state_module

SOON = 60.0
RAW = {"Content-Type": "image/png"}


class Held:
    """Networks that answer when they are let."""

    def __init__(self, client):
        self.entered, self.opened = threading.Event(), threading.Event()
        (model,) = client.app.state.server.models
        self.batcher = model.batcher
        work = self.batcher._work

        def waiting(items):
            self.entered.set()
            assert self.opened.wait(SOON)
            return work(items)

        self.batcher._work = waiting
        self.workers = model.classifier.parallelism.workers


class Asking(threading.Thread):
    """Asks in a thread."""

    def __init__(self, client, image):
        super().__init__(daemon=True)
        self.client, self.image, self.answer = client, image, None
        self.start()

    def run(self):
        self.answer = self.client.post("/v1/classify", content=self.image, headers=RAW)


def test_a_full_queue_is_said_and_what_waits_is_answered(serving, red_png):
    with serving(queue=2, max_images=2) as client:
        held = Held(client)
        asking = []
        for _ in range(held.workers):  # one after the other, so that each worker has one
            held.entered.clear()
            asking.append(Asking(client, red_png))
            assert held.entered.wait(SOON)
        asking += [Asking(client, red_png) for _ in range(2)]
        while len(held.batcher) < 2:
            pass
        refused = client.post("/v1/classify", content=red_png, headers=RAW)
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        assert int(refused.headers["Retry-After"]) >= 1
        metrics = client.get("/metrics").text
        assert 'kerastl_queue_images{model="colors"} 2.0' in metrics
        assert f"kerastl_requests_in_progress {len(asking) + 1}.0" in metrics
        held.opened.set()
        for each in asking:
            each.join(SOON)
        assert {each.answer.status_code for each in asking} == {200}


def test_an_answer_that_would_come_too_late_is_not_waited_for(serving, red_png):
    with serving(timeout=0.2) as client:
        held = Held(client)
        answer = client.post("/v1/classify", content=red_png, headers=RAW)
        held.opened.set()
        assert (answer.status_code, answer.json()["code"]) == (503, "deadline")
        assert int(answer.headers["Retry-After"]) >= 1


def test_bodies_of_all_requests_have_a_limit_together(serving, red_png, monkeypatch):
    monkeypatch.setattr(state_module, "_BODIES", 1)
    with serving(max_bytes=int(1.5 * len(red_png))) as client:
        held = Held(client)
        first = Asking(client, red_png)
        assert held.entered.wait(SOON)
        refused = client.post("/v1/classify", content=red_png, headers=RAW)
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        held.opened.set()
        first.join(SOON)
        assert first.answer.status_code == 200
        again = client.post("/v1/classify", content=red_png, headers=RAW)
        assert again.status_code == 200


@pytest.mark.parametrize("field", ["workers", "queue", "max_bytes", "max_images", "max_pixels", "max_connections"])
def test_limits_are_at_least_one(field):
    from kerastl.errors import UsageError
    from kerastl.serving import ServeSettings

    with pytest.raises(UsageError, match=f"{field} must be at least 1"):
        ServeSettings((("colors", "colors"),), **{field: 0})
