"""The shop's names: its tables, the volume of its photos, its indexes. Knows names; nothing else."""

from __future__ import annotations

from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA

_SCHEMA = f"{DEFAULT_CATALOG}.{DEFAULT_SCHEMA}"

PRODUCTS = f"{_SCHEMA}.products"
_RAW = f"/Volumes/{DEFAULT_CATALOG}/{DEFAULT_SCHEMA}/raw_data"
IMAGE_VOLUME = f"{_RAW}/images"  # the user's folder of photos, read in place
TABLE_VOLUME = f"{_RAW}/beside_table"  # photos that lie beside the table, and not in that folder
KEPT_VOLUME = f"{_RAW}/kept"  # in the workspace: pictures that came as bytes, by their content
FETCHED_VOLUME = f"{_RAW}/fetched"  # in the workspace: pictures behind links, by the link
UNPACKED_VOLUME = f"{_RAW}/unpacked"  # in the workspace: what came in archives
IMAGE_PATH = "image_path"  # the column of a table of products that names a photo

# Last parts of the tables that an embedding writes beside the table of products.
IMAGES = "product_image_embeddings"
TEXTS = "product_text_embeddings"
ENRICHED = "product_embeddings_enriched"
MULTIMODAL = "product_embeddings_multimodal"
FAILURES = "embedding_failures"
WITH_TEXT = "product_embeddings_text"  # all products that have a text, also those without a photo

IMPORT_FAILURES = f"{_SCHEMA}.import_failures"
DEFAULT_RECIPE = "full-v1"

USER_FEATURES = f"{_SCHEMA}.user_style_features"

IMAGE_INDEX = f"{_SCHEMA}.vs_image_search"
TEXT_INDEX = f"{_SCHEMA}.vs_text_search"
HYBRID_INDEX = f"{_SCHEMA}.vs_hybrid_search"
USERS = f"{_SCHEMA}.users"
INTERACTIONS = f"{_SCHEMA}.user_interactions"
INTERACTION_FAILURES = f"{_SCHEMA}.user_interaction_failures"
