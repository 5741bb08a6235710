"""Which scales a model's probabilities have: fitted here, brought by the model, or its training's.

calibrations/<fingerprint>.json   by attribute, those that `calibrate` fitted in this workspace
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from engine.core.values import shown
from engine.encode.encoder import Encoder
from engine.errors import CorruptFile
from engine.shop.classification.probabilities import CLIP_SCALE, Scales
from engine.store.layout import Layout, read_json, write_json

ANY = "any"  # labels of no attribute that something is known of


class ScaleStore:
    """The scales of a workspace's models."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def of(
        self, encoder: Encoder, attribute: str | None = None, role: str | None = None
    ) -> tuple[Scales, str]:
        """The scales for labels of an attribute, and where they are from, in words.

        Args:
            attribute: the column whose values the labels are; None for free ones.
            role: of that column, `color` and the like.

        Raises:
            CorruptFile: what the workspace or the model says of it is damaged.
        """
        kept = self._kept(encoder)
        brought = encoder.calibration
        for name, known, source in (
            (attribute, kept, f"calibrated in this workspace on {attribute}"),
            (role, brought, f"calibrated for {encoder.name} on {role}"),
            (ANY, kept, "calibrated in this workspace"),
            (ANY, brought, f"calibrated for {encoder.name}"),
        ):
            if name is not None and name in known:
                return _scales(encoder, known[name]), source
        scale = encoder.logit_scale
        if scale is None:
            return (
                Scales(),
                f"not calibrated (CLIP's scale {CLIP_SCALE:g}): vitrine classify --calibrate",
            )
        return (
            Scales(scale, scale),
            f"not calibrated (the scale {scale:.4g} of its training): vitrine classify --calibrate",
        )

    def keep(self, encoder: Encoder, attribute: str, scales: Scales) -> None:
        """Use these from now on for labels of the attribute, and for free ones.

        Raises:
            StorageFailed, Locked: they can't be written.
        """
        file = self._file(encoder)
        with self._layout.writing(f"calibration-{encoder.fingerprint}"):
            known: dict[str, Any] = {}
            with contextlib.suppress(CorruptFile):  # is made anew
                known = self._kept(encoder)
            write_json(
                file, {"scales": {**known, attribute: scales.to_dict(), ANY: scales.to_dict()}}
            )

    def _kept(self, encoder: Encoder) -> dict[str, Any]:
        try:
            found = read_json(self._file(encoder), "Remove it, and calibrate again.").get("scales")
        except FileNotFoundError:
            return {}
        return found if isinstance(found, dict) else {}

    def _file(self, encoder: Encoder) -> Path:
        return self._layout.calibrations_dir / f"{encoder.fingerprint}.json"


def _scales(encoder: Encoder, values: Any) -> Scales:
    try:
        return Scales.from_dict(values)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise CorruptFile(
            f"the calibration of encoder {encoder.name} is {shown(values)}; expected scale, "
            "contrast_scale and contrast_offset, three numbers. Calibrate again: vitrine classify "
            "--calibrate ATTRIBUTE."
        ) from None
