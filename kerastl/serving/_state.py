"""What all requests of a server share."""

from __future__ import annotations

from dataclasses import dataclass, field

from kerastl.serving._body import BodyBudget
from kerastl.serving._collection import Collection
from kerastl.serving._explaining import ExplanationQueue
from kerastl.serving._metrics import Metrics
from kerastl.serving._models import ModelPool
from kerastl.serving._settings import ServeSettings

_BODIES = 16  # of the largest size, that may be in memory together


@dataclass
class ServerState:
    """What all requests share; `request.app.state.server`.

    Args:
        settings: The server's.
        models: Its models.
        metrics: What it counts.
        collection: Where corrections go; None where none are taken.
        draining: Whether the server has been told to stop: what it was asked is answered, and nothing new is taken.
        explanations: Where answers are explained; None before the server has started, and where none are.

    `bodies` counts the bytes of requests that are in memory.
    """

    settings: ServeSettings
    models: ModelPool
    metrics: Metrics
    collection: Collection | None = None
    draining: bool = False
    explanations: ExplanationQueue | None = None
    bodies: BodyBudget = field(init=False)

    def __post_init__(self) -> None:
        self.bodies = BodyBudget(_BODIES * self.settings.max_bytes)
