"""Which scales a model's probabilities have: fitted here, brought by the model, or its training's.

calibrations/<digest of a fingerprint>.json   what `calibrate` fitted in this workspace
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from engine.core.values import shown
from engine.encode.encoder import Encoder
from engine.errors import CorruptFile
from engine.shop.classification.probabilities import CLIP_SCALE, Scales
from engine.store.layout import Layout, read_json, write_json

_NOT = "not calibrated: vitrine classify --calibrate ATTRIBUTE"
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
        kept, brought = self._kept(encoder), encoder.calibration
        for name, known, source in (
            (attribute, kept["attributes"], f"calibrated in this workspace on {attribute}"),
            (role, brought, f"calibrated for {encoder.name} on {role}"),
            (ANY, kept["others"], "calibrated in this workspace, on other labels than these"),
            (ANY, brought, f"calibrated for {encoder.name}, on other labels than these"),
        ):
            if name is not None and name in known:
                return _scales(encoder, known[name]), source
        scale = encoder.logit_scale
        if scale is None:
            return Scales(), f"CLIP's scale {CLIP_SCALE:g}, {_NOT}"
        return Scales(scale, scale), f"the scale {scale:.4g} of its training, {_NOT}"

    def keep(self, encoder: Encoder, attribute: str, scales: Scales) -> None:
        """Use these from now on for labels of the attribute, and for free ones if the model has none.

        Raises:
            StorageFailed, Locked: they can't be written.
        """
        file = self._file(encoder)
        with self._layout.writing(f"calibration-{file.stem}"):
            kept: dict[str, dict[str, Any]] = {"attributes": {}, "others": {}}
            with contextlib.suppress(CorruptFile):  # is made anew
                kept = self._kept(encoder)
            kept["attributes"][attribute] = scales.to_dict()
            if ANY not in encoder.calibration:
                kept["others"][ANY] = scales.to_dict()
            write_json(file, kept)

    def _kept(self, encoder: Encoder) -> dict[str, dict[str, Any]]:
        try:
            found = read_json(self._file(encoder), "Remove it, and calibrate again.")
        except FileNotFoundError:
            found = {}
        return {name: dict(found.get(name, {})) for name in ("attributes", "others")}

    def _file(self, encoder: Encoder) -> Path:
        # Of a model from elsewhere the fingerprint may be any text.
        name = hashlib.blake2b(encoder.fingerprint.encode(), digest_size=16).hexdigest()
        return self._layout.calibrations_dir / f"{name}.json"


def _scales(encoder: Encoder, values: Any) -> Scales:
    try:
        return Scales.from_dict(values)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise CorruptFile(
            f"the calibration of encoder {encoder.name} is {shown(values)}; expected scale, "
            "contrast_scale and contrast_offset, three numbers. Calibrate again: vitrine classify "
            "--calibrate ATTRIBUTE."
        ) from None
