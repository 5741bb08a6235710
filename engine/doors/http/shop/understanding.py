"""Routes of what a model has understood: labels of photos, latent features, searches held to words."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from engine.core.reply import json_value
from engine.doors.http.shop.answers import Body, json_reply, new_router
from engine.doors.http.shop.uploads import uploaded
from engine.doors.rest.json_text import parse_exactly
from engine.errors import InvalidParameterValue
from engine.shop.classification.request import TEMPLATES
from engine.shop.validation.request import SEARCHES
from engine.workspace import Workspace

_LABELS = "Labels as a list, or as an object of label to one or several descriptions."
_ATTRIBUTE = "The values of a column, or of a role such as `color`, as labels."
_TEMPLATES = "What a description is put into, each with one {}."
_MULTI_LABEL = "Judge each label for itself; several may hold."
Labels = list[str] | dict[str, str | list[str]] | None


class Classify(Body):
    """A product, and the labels to choose from; the four styles where none are given."""

    product_id: int | str
    labels: Labels = Field(None, description=_LABELS)
    attribute: str | None = Field(None, description=_ATTRIBUTE)
    templates: list[str] = Field(list(TEMPLATES), description=_TEMPLATES)
    multi_label: bool = Field(False, description=_MULTI_LABEL)
    threshold: float | None = Field(None, ge=0, le=1, description="Least probability that holds.")
    limit: int | None = Field(None, ge=1, strict=True, description="Labels in the reply.")
    index: str | None = None


class ScoredLabel(BaseModel):
    """A label, how likely it is, how near its description is, and whether it holds."""

    label: str
    probability: float = Field(ge=0, le=1)
    cosine: float
    holds: bool


class Classified(BaseModel):
    """Labels of a photo, the likeliest first."""

    label: str | None = Field(description="The likeliest that holds; null for none.")
    labels: list[ScoredLabel]
    multi_label: bool
    model: str
    temperature: float
    probabilities: str = Field(description="Where the temperature is from.")
    note: str | None


class Validate(Body):
    """Queries to hold against the words; the five standard ones where none are given."""

    queries: list[str] | None = Field(None, max_length=200)
    k: int = Field(10, ge=1, le=200, strict=True, description="Results that are judged.")
    searches: list[str] = Field(list(SEARCHES), description="`image`, `keyword`, `full_text`.")
    index: str | None = None


class Validated(BaseModel):
    """By query and search, how many results carry the words' category and colour."""

    index: str
    products: int
    k: int
    means: list[dict[str, Any]]
    queries: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    notes: list[str]


class EndOfDimension(BaseModel):
    """The products of one end of a dimension, the outermost first."""

    products: list[dict[str, Any]]
    common: dict[str, dict[str, Any]] = Field(description="Most common value, by column.")
    mean_price: float | None
    priced: int


class LatentDimension(BaseModel):
    """One dimension of an index's vectors."""

    dimension: int
    index: str
    version: int
    products: int
    least: float
    mean: float
    most: float
    deviation: float
    highest: EndOfDimension
    lowest: EndOfDimension
    tells: dict[str, dict[str, float]]


class LatentFeatures(BaseModel):
    """What of each attribute the vectors of an index encode."""

    index: str
    version: int
    products: int
    dimensions: int
    hold_out: int
    attributes: dict[str, dict[str, Any]]


def router(workspace: Workspace) -> APIRouter:
    """The routes over a workspace."""
    made = new_router("understanding")
    _add_labels(made, workspace)
    _add_latent(made, workspace)
    _add_validation(made, workspace)
    return made


def _add_labels(made: APIRouter, workspace: Workspace) -> None:
    @made.post("/classify", response_model=Classified)
    def classify(asked: Classify) -> Response:
        """Which of some labels a product's photo shows: zero-shot classification."""
        found = workspace.classify(
            asked.labels,
            product=asked.product_id,
            attribute=asked.attribute,
            templates=asked.templates,
            multi_label=asked.multi_label,
            threshold=asked.threshold,
            k=asked.limit,
            index=asked.index,
        )
        return json_reply(found.to_dict())

    @made.post("/classify/image", response_model=Classified)
    def classify_image(
        image: Annotated[UploadFile, File(description="A JPEG, PNG, WebP or AVIF file.")],
        labels: Annotated[str | None, Form(description=f"{_LABELS} As JSON.")] = None,
        attribute: Annotated[str | None, Form(description=_ATTRIBUTE)] = None,
        templates: Annotated[list[str] | None, Form(description=_TEMPLATES)] = None,
        multi_label: Annotated[bool, Form(description=_MULTI_LABEL)] = False,
        threshold: Annotated[float | None, Form(ge=0, le=1)] = None,
        limit: Annotated[int | None, Form(ge=1)] = None,
        index: Annotated[str | None, Form()] = None,
    ) -> Response:
        """Which of some labels an uploaded photo shows; the best of four styles by default."""
        found = workspace.classify(
            _labels_of(labels),
            image=uploaded(image, "image"),
            attribute=attribute,
            templates=templates or TEMPLATES,
            multi_label=multi_label,
            threshold=threshold,
            k=limit,
            index=index,
        )
        return json_reply(found.to_dict())


def _labels_of(text: str | None) -> Any:
    """Labels of a form, where they are JSON. Raises InvalidParameterValue: they are none."""
    if text is None:
        return None
    try:
        return parse_exactly(text)
    except ValueError as error:
        raise InvalidParameterValue(
            f'labels is {text!r:.200}, which is not JSON ({error}); expected ["formal", "casual"] or '
            '{"formal": "formal elegant business wear"}.'
        ) from None


def _add_latent(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/latent", response_model=LatentFeatures)
    def latent_features(
        attribute: Annotated[list[str] | None, Query(description="Columns or roles; all.")] = None,
        index: str | None = None,
    ) -> Response:
        """What of each attribute is in the vectors: probes, dimensions and directions.

        Found once for each version of an index, in some tens of seconds; then it is known.
        """
        return json_reply(workspace.latent_features(attribute or None, index=index).to_dict())

    @made.get("/latent/{dimension}", response_model=LatentDimension)
    def latent_dimension(
        dimension: int,
        limit: Annotated[int, Query(ge=1, le=200, description="Products at each end.")] = 10,
        index: str | None = None,
    ) -> Response:
        """Both ends of one dimension, as products."""
        found = workspace.latent_dimension(dimension, k=limit, index=index)
        return json_reply(json_value(found.to_dict(), integers_as_floats=False))


def _add_validation(made: APIRouter, workspace: Workspace) -> None:
    @made.post("/validate", response_model=Validated)
    def validate(asked: Validate) -> Response:
        """How many results of a search by meaning carry the words, beside searches by words."""
        found = workspace.validate(
            asked.queries, k=asked.k, searches=asked.searches, index=asked.index
        )
        return json_reply(found.to_dict())

    @made.get("/validate", response_model=Validated)
    def validate_standard(
        query: Annotated[
            list[str] | None, Query(max_length=200, description="Queries; the five standard.")
        ] = None,
        k: Annotated[int, Query(ge=1, le=200)] = 10,
        index: str | None = None,
    ) -> Response:
        """The same, as an address."""
        return json_reply(workspace.validate(query or None, k=k, index=index).to_dict())
