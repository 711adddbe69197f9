"""What a server refuses, as errors that carry their status: each says what the client can change."""

from __future__ import annotations

from http import HTTPStatus

from kerastl.errors import KerastlError

# How long a client is asked to wait, in seconds, where nothing is known: a model being loaded takes about that.
_RETRY_SECONDS = 2


class RequestError(KerastlError):
    """A request that is not answered.

    Args:
        message: What is wrong and what to change. It says nothing of the server: no paths, no versions.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"
    """What programs tell errors by; also the label of `kerastl_errors_total`."""
    headers: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed


class TooLargeError(RequestError):
    """Too many bytes, or too many images."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"


class UnsupportedMediaError(RequestError):
    """A content type that is not taken."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"


class UnreadableImageError(RequestError):
    """No image of the request can be read."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unreadable_image"


class NotAnswerableError(RequestError):
    """The model cannot answer what is asked: it is not calibrated, has no tree of classes, or does not explain so."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "not_answerable"


class NotStoredError(RequestError):
    """A correction that is not stored, and will not be before somebody makes room."""

    status = HTTPStatus.INSUFFICIENT_STORAGE
    code = "not_stored"


class UnauthorizedError(RequestError):
    """No API key, or a wrong one."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class UnknownModelError(RequestError):
    """There is no model of that name."""

    status = HTTPStatus.NOT_FOUND
    code = "unknown_model"


class SlowClientError(RequestError):
    """The body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "slow_client"
    headers = {"Connection": "close"}  # noqa: RUF012


class UnavailableError(RequestError):
    """The server does not answer now, and may do so later.

    Args:
        message: Why.
        retry_after: Seconds after which it may.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"

    def __init__(self, message: str, retry_after: int = _RETRY_SECONDS) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(max(1, retry_after))}


class QueueFullError(UnavailableError):
    """As many images wait as may."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "queue_full"


class DeadlineError(UnavailableError):
    """The answer would come too late."""

    code = "deadline"
