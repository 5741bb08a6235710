"""The package's own checks of arguments, which it makes before it calls the service, in its words."""

from __future__ import annotations

from engine.errors import InvalidInputException


def check_index_name(name: str | None) -> str:
    """The name, which must be given. Raises AssertionError; InvalidInputException: it is no text."""
    if name is not None and not isinstance(name, str):
        raise InvalidInputException(f"index_name is a {type(name).__name__}; expected text.")
    if not name:
        raise AssertionError("Index name must be specified")
    return name


def check_policies(budget_policy_id: str | None, usage_policy_id: str | None) -> None:
    """Refuse both policies at once. Raises InvalidInputException."""
    if budget_policy_id and usage_policy_id:
        raise InvalidInputException(
            "Cannot specify both budget_policy_id and usage_policy_id. Please use only one."
        )


def check_payload_logging(given: object) -> None:
    """Refuse what is neither None nor a boolean. Raises InvalidInputException."""
    if given is not None and not isinstance(given, bool):
        raise InvalidInputException("payload_logging_enabled must be a boolean.")


def check_qps(target_qps: object, least: int) -> None:
    """Refuse what is no integer, 0, or less than `least`. Raises InvalidInputException."""
    if isinstance(target_qps, bool) or not isinstance(target_qps, int):
        raise InvalidInputException("target_qps must be an integer.")
    if target_qps == 0 or target_qps < least:
        raise InvalidInputException("target_qps must be a positive integer.")
