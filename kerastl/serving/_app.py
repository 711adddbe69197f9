"""The application: its addresses, what stands before them, and what happens when it starts and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route

from kerastl.serving import _open_inference as open_inference
from kerastl.serving import _tf_serving as tf_serving
from kerastl.serving._access import Access
from kerastl.serving._classify import classify
from kerastl.serving._collection import Collection
from kerastl.serving._documents import docs, openapi
from kerastl.serving._draining import Draining, draining_on_signals
from kerastl.serving._explaining import ExplanationQueue
from kerastl.serving._failures import HANDLERS
from kerastl.serving._feedback import feedback
from kerastl.serving._information import metrics, models
from kerastl.serving._measuring import Measured
from kerastl.serving._metrics import Metrics
from kerastl.serving._models import ModelPool
from kerastl.serving._page import page, static_files
from kerastl.serving._reloading import ModelWatcher
from kerastl.serving._settings import ServeSettings
from kerastl.serving._state import ServerState

ROUTES: list[BaseRoute] = [
    Route("/v1/classify", classify, methods=["POST"]),
    Route("/v1/feedback", feedback, methods=["POST"]),
    Route("/v1/models", models),
    Route("/v1/models/{name}:predict", tf_serving.predict, methods=["POST"]),
    Route("/v1/models/{name}", tf_serving.status),
    Route("/v2", open_inference.server_metadata),
    Route("/v2/health/live", open_inference.live),
    Route("/v2/health/ready", open_inference.ready),
    Route("/v2/repository/index", open_inference.repository_index, methods=["POST"]),
    *(
        Route(f"/v2/models/{{name}}{version}{path}", endpoint, methods=[method])
        for version in ("", "/versions/{version}")
        for path, endpoint, method in (
            ("/infer", open_inference.infer, "POST"),
            ("/ready", open_inference.model_ready, "GET"),
            ("", open_inference.model_metadata, "GET"),
        )
    ),
    Route("/metrics", metrics),
    Route("/openapi.json", openapi),
    Route("/docs", docs),
    Mount("/static", static_files()),
]


def create_app(settings: ServeSettings) -> Starlette:
    """Make the application of a server.

    Its models are loaded when it starts, before it answers anything.

    Args:
        settings: How it answers.

    Returns:
        An ASGI application, for uvicorn or any other server.

    Example:
        >>> from starlette.testclient import TestClient
        >>> from kerastl.serving import ServeSettings, create_app
        >>> app = create_app(ServeSettings((("mini", "kerastl_mini"),)))
        >>> with TestClient(app, base_url="http://localhost") as client, open("data/umbrella.png", "rb") as image:
        ...     answer = client.post("/v1/classify?top=1", content=image, headers={"Content-Type": "image/png"})
        >>> answer.json()["results"][0]["predictions"][0]["label"]
        'umbrella'
    """
    counted = Metrics()
    collection = None if settings.collect is None else Collection(Path(settings.collect), settings.collect_limit)
    state = ServerState(settings, ModelPool(settings, counted), counted, collection)
    watcher = ModelWatcher(state.models, settings, counted)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(state.models.load)
        if settings.explain:
            state.explanations = ExplanationQueue()
        if settings.reload:
            watcher.start()
        try:
            with draining_on_signals(state):
                yield
        finally:
            await asyncio.to_thread(watcher.stop)
            if state.explanations is not None:
                await asyncio.to_thread(state.explanations.close)
            await asyncio.to_thread(state.models.close)

    middleware = [Middleware(Measured, metrics=counted, log=settings.verbose > 1), Middleware(Draining, state=state)]
    if settings.origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.origins),
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "X-API-Key"],
            )
        )
    middleware.append(Middleware(Access, settings=settings))
    routes = [*ROUTES, Route("/", page)] if settings.page else ROUTES
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=HANDLERS, lifespan=lifespan)
    app.state.server = state
    return app
