"""What all requests of a server share."""

from __future__ import annotations

from dataclasses import dataclass

from kerastl.serving._metrics import Metrics
from kerastl.serving._models import ModelPool
from kerastl.serving._settings import ServeSettings


@dataclass(frozen=True)
class ServerState:
    """What all requests share; `request.app.state.server`.

    Args:
        settings: The server's.
        models: Its models.
        metrics: What it counts.
    """

    settings: ServeSettings
    models: ModelPool
    metrics: Metrics
