"""What can be set, in one frozen place. Knows names and defaults; the doors read the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ENCODER = "embedded"


@dataclass(frozen=True)
class Settings:
    """Settings of one workspace.

    Attributes:
        path: the workspace's directory.
        encoder: name of the default encoder, see `engine.load_encoder`.
        device: "cpu", "cuda", or None to detect.
        integers_as_floats: integer columns arrive as floats in `data_array`, as seen on the cloud.
    """

    path: Path
    encoder: str = DEFAULT_ENCODER
    device: str | None = None
    integers_as_floats: bool = True

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> Settings:
        """Settings from VITRINE_WORKSPACE (default ~/.vitrine), VITRINE_ENCODER and VITRINE_DEVICE."""
        path = environ.get("VITRINE_WORKSPACE") or "~/.vitrine"
        return Settings(
            path=Path(path).expanduser(),
            encoder=environ.get("VITRINE_ENCODER") or DEFAULT_ENCODER,
            device=environ.get("VITRINE_DEVICE") or None,
        )
