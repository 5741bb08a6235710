"""Methods of one object that are called with its fields: for signatures that doors give, not choose.

A method of the mirrored API with many arguments is written as one that takes a single object; the
object's fields, in the API's order, are the arguments that callers give. Knows signatures; not calls.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Self = TypeVar("_Self")
_Arguments = TypeVar("_Arguments")
_Reply = TypeVar("_Reply")


def taking(
    arguments: Callable[_Given, _Arguments],
) -> Callable[
    [Callable[[_Self, _Arguments], _Reply]], Callable[Concatenate[_Self, _Given], _Reply]
]:
    """Let a method of one object be called with the object's fields.

    Args:
        arguments: the object's class, a dataclass of this one method; what it says about its
            attributes follows the method's documentation.
    """

    def decorate(
        method: Callable[[_Self, _Arguments], _Reply],
    ) -> Callable[Concatenate[_Self, _Given], _Reply]:
        @functools.wraps(method)
        def called(self: _Self, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Reply:
            return method(self, arguments(*args, **kwargs))

        own = inspect.signature(method)
        itself = next(iter(own.parameters.values()))
        fields = inspect.signature(arguments).parameters.values()
        signature = own.replace(parameters=[itself, *fields])
        called.__signature__ = signature  # type: ignore[attr-defined]
        _, _, said = (inspect.getdoc(arguments) or "").partition("Attributes:")
        called.__doc__ = f"{inspect.getdoc(method)}\n\nArgs:{said}"
        # A call with wrong arguments fails under the name of the method that was called.
        arguments.__init__.__qualname__ = method.__qualname__
        return called

    return decorate
