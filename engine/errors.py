"""Every error that the engine raises on purpose. Knows codes and statuses; not who raises them.

The tree (status and code are what the HTTP API would answer):

    VitrineError                     500 INTERNAL_ERROR     the base: catch this one
    ├── InvalidInputException        400 INVALID_INPUT      a check made before any request
    ├── BadRequest                   400 BAD_REQUEST
    │   ├── BadStatement             400 BAD_REQUEST        SQL that can't be read or carried out
    │   ├── InvalidParameterValue    400 INVALID_PARAMETER_VALUE
    │   └── InvalidState             400 INVALID_STATE
    │       ├── Locked               400 INVALID_STATE      somebody else holds a lock for too long
    │       └── WrittenTooFast       400 INVALID_STATE      a reader can't keep up with writers
    ├── PermissionDenied             403 PERMISSION_DENIED
    ├── NotFound                     404 RESOURCE_DOES_NOT_EXIST
    │   └── MapMissing               404 RESOURCE_DOES_NOT_EXIST  make it by vitrine map build
    ├── ResourceConflict             409 RESOURCE_ALREADY_EXISTS
    │   └── UpdateInProgress         409 RESOURCE_CONFLICT  wait until an endpoint was updated
    ├── TooManyRequests              429 RESOURCE_EXHAUSTED
    ├── NotSupported                 501 NOT_IMPLEMENTED    an argument not offered yet
    ├── CorruptFile                  500 DATA_LOSS          a file of the workspace is damaged
    ├── NewerRelease                 400 NEWER_RELEASE      a file of the workspace is of a newer release
    ├── StorageFailed                500 STORAGE_FAILED     a full disk, a read-only folder, and the like
    ├── BadSourceFile                400 BAD_SOURCE_FILE    a user's file; names file, line and value
    ├── BadImage                     400 BAD_IMAGE          an image that can't be used, and why
    ├── ModelUnavailable             400 MODEL_UNAVAILABLE  an encoder that can't be loaded here
    ├── DeviceUnavailable            400 DEVICE_UNAVAILABLE a device for search that isn't here
    ├── MissingExtra                 400 MISSING_EXTRA      an optional package; names the command
    └── RowsFailed                   400 ROWS_FAILED        strict, and rows were left out

Names, attributes and the text form `[CODE] message` are those of `databricks.ai_search.exceptions`,
so `except NotFound` and `"RESOURCE_DOES_NOT_EXIST" in str(error)` work on either.
"""

from __future__ import annotations

import functools
import json
from typing import Any


class VitrineError(Exception):
    """Base of all errors of the engine.

    Attributes:
        message: what was given, what was expected, what to do.
        error_code, status_code: as in the API's error body.
        details: list of dicts, the API's `details`; empty in-process.
        response_content: the JSON body that the HTTP API would send.
        hint: what else may help, beside a message in the API's own words; None where nobody said, and
            "" where the message says it all. It is no note of the exception: pytest's `match` reads
            notes, and a pattern of the API's text would fail.
    """

    error_code = "INTERNAL_ERROR"
    status_code = 500

    def __init__(self, message: str) -> None:
        # Half an emoji, as a caller gave it, can't be sent: it is shown as its escape.
        message = message.encode("utf-8", "backslashreplace").decode()
        super().__init__(message)
        self.message = message
        self.details: list[dict[str, Any]] = []
        self.hint: str | None = None

    def __str__(self) -> str:
        return f"[{self.error_code}] {self.message}"

    @property
    def in_words(self) -> str:
        """The message, and the hint where there is one."""
        if not self.hint:
            return self.message
        return f"{self.message}{'' if self.message.endswith('.') else '.'} {self.hint}"

    @property
    def response_content(self) -> str:
        body = {"error_code": self.error_code, "message": self.message, "details": self.details}
        return json.dumps(body)


class InvalidInputException(VitrineError):
    """A client-side check failed; the API would not have been asked."""

    error_code = "INVALID_INPUT"
    status_code = 400


class BadRequest(VitrineError):
    error_code = "BAD_REQUEST"
    status_code = 400


class BadStatement(BadRequest):
    """A SQL statement that can't be read or carried out: what is wrong with it, and where."""


class InvalidParameterValue(BadRequest):
    error_code = "INVALID_PARAMETER_VALUE"


class InvalidState(BadRequest):
    error_code = "INVALID_STATE"


class Locked(InvalidState):
    """Somebody else is writing: `lock` names what."""

    def __init__(self, message: str, lock: str = "") -> None:
        super().__init__(message)
        self.lock = lock


class WrittenTooFast(InvalidState):
    """Versions come faster than they can be opened: the same call may succeed a moment later."""


class PermissionDenied(VitrineError):
    error_code = "PERMISSION_DENIED"
    status_code = 403


class NotFound(VitrineError):
    error_code = "RESOURCE_DOES_NOT_EXIST"
    status_code = 404


class MapMissing(NotFound):
    """An index whose products have no map, or one of other vectors."""


class ResourceConflict(VitrineError):
    error_code = "RESOURCE_ALREADY_EXISTS"
    status_code = 409


class UpdateInProgress(ResourceConflict):
    """An endpoint's configuration is being changed already."""

    error_code = "RESOURCE_CONFLICT"


class TooManyRequests(VitrineError):
    error_code = "RESOURCE_EXHAUSTED"
    status_code = 429


class NotSupported(VitrineError):
    error_code = "NOT_IMPLEMENTED"
    status_code = 501


class CorruptFile(VitrineError):
    error_code = "DATA_LOSS"


class NewerRelease(VitrineError):
    error_code = "NEWER_RELEASE"
    status_code = 400


class StorageFailed(VitrineError):
    error_code = "STORAGE_FAILED"


class BadSourceFile(VitrineError):
    """A user's file can't be read as asked: `file`, `line` (1-based, or None) and `value` say where."""

    error_code = "BAD_SOURCE_FILE"
    status_code = 400

    def __init__(
        self, reason: str, *, file: str, line: int | None = None, value: str | None = None
    ) -> None:
        place = f"{file}, line {line}" if line is not None else file
        super().__init__(f"{place}: {reason}")
        self.reason, self.file, self.line, self.value = reason, file, line, value

    def __reduce__(self) -> tuple[Any, ...]:
        again = functools.partial(
            type(self), self.reason, file=self.file, line=self.line, value=self.value
        )
        return again, ()


class BadImage(VitrineError):
    error_code = "BAD_IMAGE"
    status_code = 400


class ModelUnavailable(VitrineError):
    error_code = "MODEL_UNAVAILABLE"
    status_code = 400


class DeviceUnavailable(VitrineError):
    error_code = "DEVICE_UNAVAILABLE"
    status_code = 400


class MissingExtra(VitrineError, ImportError):
    error_code = "MISSING_EXTRA"
    status_code = 400


class RowsFailed(VitrineError):
    error_code = "ROWS_FAILED"
    status_code = 400


# Names that code written for the client packages catches.
AISearchException = VitrineError
VectorSearchException = VitrineError
ResourceDoesNotExist = NotFound
