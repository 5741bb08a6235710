"""Where a training starts: the two towers and the frozen text trunk that teaches them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer

from engine.encode.model_folders import editions, local_folder, own_name
from engine.errors import CorruptFile, ModelUnavailable
from engine.shop.training.onnx_form.read_back import image_weights, read_facts, text_tower
from engine.shop.training.onnx_form.text_graph import rounded_to_eight_bits
from engine.shop.training.request import TrainRequest
from engine.shop.training.towers.image import check_trunk, make_trunk
from engine.shop.training.towers.norms import unfolded
from engine.shop.training.towers.pieces import read_tokenizer
from engine.shop.training.towers.teacher import installed_teacher, read_teacher
from engine.shop.training.towers.text import Head, TextTrunk

Weights = dict[str, torch.Tensor]
DEFAULT_SIZE = 112


@dataclass(frozen=True)
class Start:
    """Weights that a training starts from.

    Attributes:
        teacher: the frozen trunk, whose features of texts the others learn from.
        student: the trunk that will be trained; equal to the teacher where nothing is distilled.
        head: None for a fresh one.
        backbone: of the photos; trunk and projection: its weights, None for fresh ones.
        size: of photos, in pixels.
        temperatures: of the losses.
    """

    teacher: TextTrunk
    student: TextTrunk
    tokenizer: Tokenizer
    head: Head | None
    backbone: str
    size: int
    trunk: Weights | None = None
    projection: torch.Tensor | None = None
    temperatures: dict[str, float] = field(default_factory=dict)

    @property
    def is_distilled(self) -> bool:
        """Whether the student has fewer layers than the teacher."""
        return self.student.shape != self.teacher.shape


def read_start(request: TrainRequest) -> Start:
    """What a request starts from.

    Raises:
        ModelUnavailable, CorruptFile: a model that it names can't be read.
        MissingExtra: a teacher without its name, and none is installed.
        InvalidParameterValue: a backbone that timm hasn't, or that takes no photos of this size.
    """
    if request.start == "teacher":
        chosen = None if request.teacher is None else Path(request.teacher).expanduser()
        teacher, tokenizer = read_teacher(chosen or installed_teacher())
        student = teacher.shortened(request.layers)
        head, temperatures = None, {}
    else:
        folder = _folder(request.start)
        facts = read_facts(folder)
        teacher, head = text_tower(folder, facts)
        student = teacher.shortened(len(teacher.layers))
        tokenizer = read_tokenizer(folder / "tokenizer.json", teacher.shape.context)
        temperatures = {k: float(v) for k, v in facts.get("temperatures", {}).items()}
    # The table of word pieces stays as it is in training, and is shipped in 8 bits: it has them now.
    with torch.no_grad():
        student.tokens.weight.copy_(rounded_to_eight_bits(student.tokens.weight))
    backbone, size, trunk, projection = _photos(request)
    return Start(teacher, student, tokenizer, head, backbone, size, trunk, projection, temperatures)


def _photos(request: TrainRequest) -> tuple[str, int, Weights | None, torch.Tensor | None]:
    """Backbone, size of photos, and weights where they are those of a model."""
    if request.backbone is not None:
        size = request.size or DEFAULT_SIZE
        check_trunk(make_trunk(request.backbone), request.backbone, (small_size(size), size))
        return request.backbone, size, None, None
    folder = _folder("embedded" if request.start == "teacher" else request.start)
    facts = read_facts(folder)
    try:
        backbone, size = str(facts["backbone"]), request.size or int(facts["preprocess"]["size"])
        weights, projection = image_weights(folder)
        trunk = unfolded(weights, make_trunk(backbone), size)
    except KeyError as error:
        raise CorruptFile(f"{folder}: its photo tower can't be trained on ({error})") from None
    return backbone, size, trunk, projection


def small_size(size: int) -> int:
    """The size of photos in the first part of a training: 96 for 112."""
    return max(32, size * 6 // 7 // 16 * 16)


def _folder(name: str) -> Path:
    own = own_name(name)
    folder = editions().get(own) or local_folder(own) or Path(own)
    if not folder.is_dir():
        raise ModelUnavailable(
            f"start {name!r} is no model here; expected embedded, teacher, or the directory of a model "
            "that this command made."
        )
    return folder


def temperature_logs(
    temperatures: dict[str, float], names: tuple[str, ...]
) -> dict[str, torch.Tensor]:
    """Logarithms of those temperatures that are known and positive."""
    known = {name: temperatures[name] for name in names if temperatures.get(name, 0) > 0}
    return {name: torch.tensor(math.log(value)) for name, value in known.items()}
