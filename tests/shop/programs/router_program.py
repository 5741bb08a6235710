"""Serves the users' router in this process, asks it, and prints what it answered as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parent))
import shop_services

app = FastAPI()
app.include_router(shop_services.router)
photo = sys.stdin.buffer.read()
path = "/api/v1/search"
with TestClient(app) as client:
    found = {
        "ready": shop_services.vectors.is_ready("vs_image_search"),
        "text": client.post(f"{path}/text", json={"query": "red dress", "limit": 5}).json(),
        "image": client.post(f"{path}/image", files={"image": photo}, data={"limit": 5}).json(),
        "hybrid": client.post(
            f"{path}/hybrid",
            data={"query": "red dress", "text_weight": 0.3, "limit": 5},
            files={"image": photo},
        ).json(),
        "words": client.post(f"{path}/hybrid", data={"query": "red dress", "limit": 5}).json(),
    }
print(json.dumps(found))
