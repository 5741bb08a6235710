"""Served entities: what stands behind an endpoint, as callers give it and as it is remembered.

Knows the API's fields; not encoders or models. Truth: `EndpointCoreConfigInput` of databricks-sdk.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.core.values import shown
from engine.errors import InvalidParameterValue, NotSupported
from engine.service.authorship import now_ms

Json = dict[str, Any]
OUTPUTS = ("vectors", "flat")
DEFAULT = "default"  # the entity that is the workspace's own encoder
_KEPT = ("workload_size", "workload_type", "scale_to_zero_enabled")
_REFUSED = ("external_model", "environment_vars", "instance_profile_arn")


@dataclass(frozen=True)
class PythonModelFacts:
    """What is known of a Python model without opening it.

    Attributes:
        folder: its files, under the workspace. fingerprint: of them.
        inputs: the columns of its signature; None where it has none.
        dimension: length of its vectors; None for a model that makes none, and `why` says so.
        text_column: the column that texts are put into.
    """

    folder: str
    fingerprint: str
    inputs: list[Json] | None
    text_column: str
    dimension: int | None
    why: str


@dataclass(frozen=True)
class Entity:
    """What one update of an endpoint's configuration put behind it.

    Attributes:
        update: names the update. options: fields that are shown as they were given.
        encoder: a name for `load_encoder`; None for the workspace's own.
        source: where a Python model is copied from; None for an encoder.
        model: what is known of it once it was deployed.
    """

    served_name: str
    entity_name: str
    entity_version: str | None
    output: str
    config_version: int
    encoder: str | None = None
    source: str | None = None
    model: PythonModelFacts | None = None
    options: Json | None = None
    creation_timestamp: int = 0
    creator: str = ""
    update: str = ""

    @property
    def is_deployed(self) -> bool:
        """Whether it can answer: an encoder always can."""
        return self.source is None or self.model is not None

    def to_json(self) -> Json:
        return asdict(self)

    @staticmethod
    def from_json(value: Json) -> Entity:
        """Raises TypeError for fields of another release."""
        model = value.get("model")
        return Entity(**{**value, "model": None if model is None else PythonModelFacts(**model)})


@dataclass(frozen=True)
class GivenConfig:
    """A configuration as a caller gives it, checked as far as it can be alone."""

    entity_name: str
    entity_version: str | None
    served_name: str | None
    output: str
    options: Json

    def entity(self, config_version: int, creator: str, **behind: Any) -> Entity:
        """The entity of a new update. `behind`: `encoder` or `source`, and `entity_version`."""
        version = behind.pop("entity_version", self.entity_version)
        name = self.served_name or _served_name(self.entity_name, version)
        return Entity(
            name,
            self.entity_name,
            version,
            self.output,
            config_version,
            options=self.options,
            creation_timestamp=now_ms(),
            creator=creator,
            update=uuid.uuid4().hex,
            **behind,
        )


def read_config(config: Mapping[str, Any], output: str | None = None) -> GivenConfig:
    """What a configuration says, in the fields of today or the older `served_models`.

    Args:
        output: where the configuration says nothing of it; None for "vectors".

    Raises:
        InvalidParameterValue: not one entity, no name, a bad output or traffic. NotSupported: an
            external model, or another field that is not offered.
    """
    given = config.get("served_entities") or config.get("served_models") or []
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], Mapping):
        raise InvalidParameterValue(
            f"config.served_entities is {shown(given)}; expected a list of one entity, such as "
            '[{"entity_name": "embedded"}]. Several entities behind one endpoint are not offered.'
        )
    (entity,) = given
    refused = [name for name in _REFUSED if entity.get(name)]
    if refused:
        raise NotSupported(
            f"served_entities[0].{refused[0]} is not offered: a model here is an encoder, a "
            "registered model or one logged by MLflow, and runs in this process."
        )
    name = entity.get("entity_name") or entity.get("model_name")
    if not isinstance(name, str) or not name:
        raise InvalidParameterValue(
            f"served_entities[0].entity_name is {shown(name)}; expected the name of an encoder or of a "
            "registered model, models:/NAME/VERSION, models:/NAME@ALIAS, runs:/ID/NAME, or a folder."
        )
    version = entity.get("entity_version") or entity.get("model_version")
    options = {key: entity[key] for key in _KEPT if entity.get(key) is not None}
    made = GivenConfig(
        name,
        None if version is None else str(version),
        entity.get("name"),
        check_output(config.get("output") or output or OUTPUTS[0]),
        options,
    )
    _check_traffic(config, made.served_name or _served_name(name, made.entity_version))
    return made


def check_output(output: object) -> str:
    """Raises InvalidParameterValue for what is no way to answer."""
    if output not in OUTPUTS:
        raise InvalidParameterValue(f"output is {output!r:.80}; expected {' or '.join(OUTPUTS)}.")
    return str(output)


def _check_traffic(config: Mapping[str, Any], served_name: str) -> None:
    """One entity takes all there is."""
    routes = (config.get("traffic_config") or {}).get("routes") or []
    for route in routes:
        named = route.get("served_model_name") or route.get("served_entity_name")
        if named != served_name or route.get("traffic_percentage") != 100 or len(routes) != 1:
            raise InvalidParameterValue(
                f"traffic_config.routes is {shown(routes)}; expected one route that gives 100 percent "
                f"to {served_name!r:.80}, the one entity of this endpoint."
            )


def _served_name(name: str, version: str | None) -> str:
    """The name of an entity that was given none: as the cloud has it, the last part and the version."""
    last = name.rpartition(".")[2]
    if name.startswith(("models:/", "runs:/")):
        return last.partition(":/")[2].replace("/", "-") or last.replace("/", "-")
    if name.startswith(("/", "./", "../", "~", "file:")):
        return name.rstrip("/").rpartition("/")[2]
    return f"{last}-{version}" if version else name


def encoder_entity(encoder: str | None, output: str, creator: str, since: int) -> Entity:
    """The entity of an encoder that was put behind a name without a configuration."""
    name = encoder or DEFAULT
    return Entity(name, name, None, output, 1, encoder, creation_timestamp=since, creator=creator)
