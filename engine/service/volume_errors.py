"""What is refused of a volume's path, told apart by class. Knows the files API's codes; not files."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from engine.errors import InvalidParameterValue, NotFound, PermissionDenied, ResourceConflict
from engine.store.layout import storage_failed

_BAD_NAMES = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


class PathNotFound(NotFound):
    """No such file or folder; the files API has its own code for it."""

    error_code = "NOT_FOUND"


class PathExists(ResourceConflict):
    """Something has this path already."""

    error_code = "ALREADY_EXISTS"


class DirectoryNotEmpty(InvalidParameterValue):
    """A folder that holds something can't be deleted; clients look for the reason in `details`."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.details = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "FILES_API_DIRECTORY_IS_NOT_EMPTY",
                "domain": "filesystem.databricks.com",
                "metadata": {},
            }
        ]


@contextlib.contextmanager
def refusals_of(path: str) -> Iterator[None]:
    """Within the block, what the system refuses is raised as the API's error about `path`."""
    try:
        yield
    except FileNotFoundError:
        raise PathNotFound(f"No file or directory exists at {path}.") from None
    except NotADirectoryError:
        raise PathNotFound(f"No file or directory exists at {path}: a file is above it.") from None
    except FileExistsError:
        raise PathExists(f"{path} can't be made: a file is where a directory is needed.") from None
    except PermissionError:
        raise PermissionDenied(f"The user who runs this has no access to {path}.") from None
    except OSError as error:
        if error.errno in _BAD_NAMES:
            raise InvalidParameterValue(
                f"{path} is no path on this disk ({error.strerror})."
            ) from None
        raise storage_failed(path, error) from error
