"""What users' applications are made of: a service over the index, one over the model, and a router.

Written as for the cloud, with host and token of the environment; nothing of vitrine is imported.
"""

from __future__ import annotations

import base64
import os
from typing import Annotated, Any

import aiohttp
import numpy as np
from databricks.vector_search.client import VectorSearchClient
from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from pydantic import BaseModel

HOST, TOKEN = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]
COLUMNS = [
    "product_id", "product_display_name", "master_category", "sub_category", "article_type",
    "base_color", "price", "image_path", "gender", "season", "year", "usage",
]  # fmt: skip
ENDPOINT, SCHEMA = "fashion_vector_search", "main.fashion_demo"


class VectorSearchService:
    """Searches one of the three indexes."""

    def __init__(self) -> None:
        self._client = VectorSearchClient(
            workspace_url=HOST, personal_access_token=TOKEN, disable_notice=True
        )
        self._indexes: dict[str, Any] = {}

    def _index(self, name: str) -> Any:
        if name not in self._indexes:
            full = f"{SCHEMA}.{name}"
            self._indexes[name] = self._client.get_index(endpoint_name=ENDPOINT, index_name=full)
        return self._indexes[name]

    def search(
        self, name: str, vector: Any, limit: int = 20, filters: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Products with their scores, best first."""
        reply = self._index(name).similarity_search(
            query_vector=[float(number) for number in vector],
            columns=COLUMNS,
            num_results=limit,
            filters=filters,
        )
        rows = reply.get("result", {}).get("data_array", [])
        products = [dict(zip([*COLUMNS, "similarity_score"], row)) for row in rows]
        for product in products:
            for name_of_integer in ("product_id", "year"):
                product[name_of_integer] = int(float(product[name_of_integer]))
            product["image_url"] = f"{HOST}/api/v1/images/{product['product_id']}"
        return products

    def is_ready(self, name: str) -> bool:
        """Whether an index answers."""
        return bool(self._index(name).describe()["status"]["ready"])


class ClipService:
    """Vectors of texts and photos, by the model serving endpoint."""

    address = f"{HOST}/serving-endpoints/clip-multimodal-encoder/invocations"

    async def _vector(self, record: dict[str, str]) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(self.address, json={"dataframe_records": [record]}) as reply,
        ):
            if reply.status != 200:
                raise HTTPException(502, f"{reply.status}: {await reply.text()}")
            vector = np.array((await reply.json())["predictions"][0])
        return vector / np.linalg.norm(vector)

    async def text(self, text: str) -> Any:
        """The unit vector of a text."""
        return await self._vector({"text": text})

    async def image(self, data: bytes) -> Any:
        """The unit vector of a photo."""
        return await self._vector({"image": base64.b64encode(data).decode(), "text": ""})


class TextSearch(BaseModel):
    """The body of a search by words."""

    query: str
    limit: int = 20
    user_id: str | None = None


router = APIRouter(prefix="/api/v1/search")
vectors, clip = VectorSearchService(), ClipService()


def reply(products: list[dict[str, Any]], kind: str, query: str | None) -> dict[str, Any]:
    """The application's reply."""
    found = {"products": products, "query": query, "search_type": kind}
    return {**found, "user_id": None, "metadata": {}}


@router.post("/text")
async def by_text(asked: TextSearch) -> dict[str, Any]:
    """Words against the index of photos."""
    vector = await clip.text(asked.query)
    return reply(
        vectors.search("vs_image_search", vector, asked.limit), "semantic_text", asked.query
    )


@router.post("/image")
async def by_image(
    image: Annotated[UploadFile, File()], limit: Annotated[int, Form()] = 20
) -> dict[str, Any]:
    """A photo against the index of photos."""
    vector = await clip.image(await image.read())
    return reply(vectors.search("vs_image_search", vector, limit), "image", None)


@router.post("/hybrid")
async def by_both(
    query: Annotated[str, Form()],
    image: Annotated[UploadFile | None, File()] = None,
    text_weight: Annotated[float, Form()] = 0.5,
    limit: Annotated[int, Form()] = 20,
) -> dict[str, Any]:
    """The weighted sum against the hybrid index."""
    vector = await clip.text(query)
    if image is not None:
        vector = text_weight * vector + (1 - text_weight) * await clip.image(await image.read())
        vector = vector / np.linalg.norm(vector)
    return reply(vectors.search("vs_hybrid_search", vector, limit), "hybrid", query)
