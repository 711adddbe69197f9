"""What all requests of a server share."""

from __future__ import annotations

from dataclasses import dataclass

from kerastl.serving._collection import Collection
from kerastl.serving._metrics import Metrics
from kerastl.serving._models import ModelPool
from kerastl.serving._settings import ServeSettings


@dataclass
class ServerState:
    """What all requests share; `request.app.state.server`.

    Args:
        settings: The server's.
        models: Its models.
        metrics: What it counts.
        collection: Where corrections go; None where none are taken.
        draining: Whether the server has been told to stop: what it was asked is answered, and nothing new is taken.
    """

    settings: ServeSettings
    models: ModelPool
    metrics: Metrics
    collection: Collection | None = None
    draining: bool = False
