"""Any open_clip model as an encoder, run by torch, which is imported on demand.

Texts are cut to the longest of their batch where that changes nothing: attention is causal and the
feature is read at the end token. Whether it does is checked on the loaded model, not assumed.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import Encoder, Tokens
from engine.encode.models.hub import cached_or_fetched, offline
from engine.encode.models.muted_logging import MutedLogging
from engine.encode.models.sources import SEED, Source, check_architecture
from engine.encode.models.transformers_form import convert, model_config
from engine.encode.photos.device_fitting import DeviceFitting
from engine.encode.photos.preprocessing import Bytes, Decoded, ImageInput, Pixels, Preprocess
from engine.encode.photos.workers.blocks import Pinning
from engine.encode.photos.workers.decoding import Decoding
from engine.errors import ModelUnavailable, VitrineError
from engine.optional import require

_PROBES = ("red dress", "a pair of navy blue jeans for men")
_LOADING = threading.Lock()  # the state of torch's random numbers is the process's
_SAME = 1e-5  # cosine distance that counts as rounding


class OpenClipEncoder(Encoder):
    """A model run by torch; see `sources` for its names.

    Photos are fitted, cut and padded by open_clip's own rule for the model; as for every encoder, they
    are RGB on white before (`photos/preprocessing.py`).

    Attributes:
        photo_processes: how many decode the pipeline's photos, where a device fits them; None for one
            for each core but one, 0 for threads. Other changes count until the first photos only.
    """

    photo_processes: int | None = None

    def __init__(self, name: str, device: str | None = None) -> None:
        """Check the name; nothing is loaded yet.

        Raises:
            ModelUnavailable: the name has no weights, or a local directory holds no model.
        """
        self.source = Source.parse(name)
        self.name = name
        self.label = self.source.label
        self.is_trained = self.source.is_trained
        self._wanted_device = device
        self._lock = threading.RLock()
        self._of_thread = threading.local()
        if device is not None and device.startswith("cuda"):
            self._take_more()  # callers cut batches before the model is loaded

    @property
    def fingerprint(self) -> str:
        return self.source.fingerprint

    @cached_property
    def _config(self) -> dict[str, Any]:
        """`model_cfg` and `preprocess_cfg` in open_clip's words."""
        file = self.source.config_file
        if file is not None and self.source.form == "transformers":
            processor = file.parent / "preprocessor_config.json"
            known = json.loads(processor.read_bytes()) if processor.is_file() else None
            model, preprocess = model_config(json.loads(file.read_bytes()), known)
            return {"model_cfg": model, "preprocess_cfg": preprocess}
        if file is not None:
            config: dict[str, Any] = json.loads(file.read_bytes())
            return config
        check_architecture(self.name, self.source.architecture)
        with MutedLogging():
            return {"model_cfg": self._open_clip.get_model_config(self.source.architecture)}

    @cached_property
    def dimension(self) -> int:
        return int(self._config["model_cfg"]["embed_dim"])

    # -------------------------------------------------------------- loading
    def _take_more(self) -> None:
        """Batches as a GPU likes them; what a caller has set stays."""
        for name, value in {"image_batch": 256, "text_batch": 512, "in_flight": 2}.items():
            vars(self).setdefault(name, value)

    @property
    def _torch(self) -> Any:
        return require("torch", f"encoder {self.name!r}")

    @property
    def _open_clip(self) -> Any:
        return require("open_clip", f"encoder {self.name!r}")

    @cached_property
    def device(self) -> str:
        """Where it runs: as asked for, else CUDA where torch finds it, else the CPU."""
        has_cuda = self._torch.cuda.is_available()
        if self._wanted_device is None:
            if has_cuda:
                self._take_more()
            return "cuda" if has_cuda else "cpu"
        if self._wanted_device.startswith("cuda") and not has_cuda:
            raise ModelUnavailable(
                f"device {self._wanted_device!r} was asked for, but torch finds no CUDA device "
                "here. Leave the device out, or say cpu."
            )
        try:
            return str(self._torch.device(self._wanted_device))
        except RuntimeError:
            raise ModelUnavailable(
                f"device {self._wanted_device!r} is unknown; expected cpu, cuda or cuda:N."
            ) from None

    @property
    def precision(self) -> str:
        on_cuda = self._wanted_device != "cpu" and self.device.startswith("cuda")
        return "bfloat16" if on_cuda else "float32"

    @cached_property
    def _model(self) -> Any:
        with self._lock, _LOADING, MutedLogging(), self._torch.random.fork_rng(devices=[]):
            _ = self._config  # an unknown architecture is named before anything is built
            self._torch.manual_seed(SEED)
            try:
                model = self._built()
            except VitrineError:
                raise
            except Exception as error:  # open_clip's failures have no common base
                raise ModelUnavailable(
                    f"encoder {self.name!r} can't be loaded: {error!s:.300}"
                ) from error
            return self._narrowed(model.eval())

    def _narrowed(self, model: Any) -> Any:
        """The model in its precision, as open_clip's `pure_bf16`; the scale of cosines stays exact."""
        if self._kind == self._torch.float32:
            return model
        scale = getattr(model, "logit_scale", None)
        kept = None if scale is None else scale.detach().float()
        model = model.to(self._kind)
        if kept is not None:
            model.logit_scale.data = kept
        return model

    @property
    def _kind(self) -> Any:
        """The type of weights and of what the model is given."""
        return getattr(self._torch, self.precision)

    def _built(self) -> Any:
        source = self.source
        if source.form == "open_clip":
            tag = source.tag  # from here on the weights are on this machine
            with offline():
                return self._open_clip.create_model(
                    source.architecture or f"local-dir:{source.folder}",
                    pretrained=tag,
                    device=self.device,
                )
        from open_clip.model import CLIPTextCfg, CLIPVisionCfg
        from safetensors.numpy import load_file

        config = self._config["model_cfg"]
        model = self._open_clip.CLIP(
            config["embed_dim"],
            vision_cfg=CLIPVisionCfg(**config["vision_cfg"]),
            text_cfg=CLIPTextCfg(**config["text_cfg"]),
            quick_gelu=config["quick_gelu"],
        )
        weights = convert(load_file(str(source.checkpoint)))
        model.load_state_dict({k: self._torch.from_numpy(v) for k, v in weights.items()})
        return model.to(self.device)

    @cached_property
    def preprocess(self) -> Preprocess:
        """The model's own preprocessing."""
        if self.source.form == "transformers":
            config = self._config["preprocess_cfg"]
        else:
            with MutedLogging():
                config = self._open_clip.get_model_preprocess_cfg(self._model)
        size = config["size"]
        return Preprocess(
            size=(size, size) if isinstance(size, int) else tuple(size),
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            interpolation=config["interpolation"],
            resize_mode=config["resize_mode"],
            fill_color=config.get("fill_color", 0),
        )

    @cached_property
    def _tokenizer(self) -> Any:
        with self._lock, MutedLogging():
            if self.source.form == "transformers":  # always CLIP's own vocabulary
                context = self._config["model_cfg"]["text_cfg"]["context_length"]
                return self._open_clip.SimpleTokenizer(context_length=context)
            name = self.source.architecture or f"local-dir:{self.source.folder}"
            return cached_or_fetched(self.name, lambda: self._open_clip.get_tokenizer(name))

    @cached_property
    def logit_scale(self) -> float | None:
        scale = getattr(self._model, "logit_scale", None)
        return None if scale is None else float(scale.detach().float().exp())

    @contextlib.contextmanager
    def _inference(self) -> Iterator[None]:
        torch = self._torch
        with torch.inference_mode(), contextlib.ExitStack() as stack:
            if self.device.startswith("cuda"):
                stack.enter_context(torch.cuda.stream(self._stream))
            yield

    @property
    def _stream(self) -> Any:
        """The calling thread's own: what one copies, another computes meanwhile."""
        stream = getattr(self._of_thread, "stream", None)
        if stream is None:
            stream = self._of_thread.stream = self._torch.cuda.Stream(self.device)
            # What the model's loading began elsewhere comes first.
            stream.wait_stream(self._torch.cuda.default_stream(self.device))
        return stream

    # -------------------------------------------------------------- images
    def prepare_image(self, image: ImageInput) -> Pixels | Bytes | Decoded:
        """On CUDA bytes, mostly as they are in the photo, which the device fits and normalises."""
        if self.fits_on_device:
            return self.preprocess.decoded(image, self._fitting.takes)
        return self.preprocess(image)

    @property
    def fits_on_device(self) -> bool:
        """Whether photos are only decoded before they are given to the model."""
        return self.device.startswith("cuda")

    @property
    def decoding(self) -> Decoding | None:
        """Where a device computes, the processor's cores are free for it."""
        return self._decoding if self.fits_on_device and self.photo_processes != 0 else None

    @cached_property
    def _decoding(self) -> Decoding:
        pinning = Pinning(self._pin, self._unpin) if self.device.startswith("cuda") else None
        return Decoding(self.preprocess, self._fitting.takes, pinning, self.photo_processes)

    def _pin(self, address: int, size: int) -> bool:
        torch, portable = self._torch, 1  # for all devices
        if int(torch.cuda.cudart().cudaHostRegister(address, size, portable)) == 0:
            return True
        with contextlib.suppress(RuntimeError):  # or another's next call would be told of it
            torch.zeros(1, device=self.device)
        return False

    def _unpin(self, address: int) -> None:
        self._torch.cuda.cudart().cudaHostUnregister(address)

    def encode_pixels(self, pixels: Pixels | Bytes | Sequence[Decoded | Bytes]) -> Matrix:
        model = self._model
        with self._inference():
            given = self._normalised(pixels).to(self._kind)
            features = model.encode_image(given).float().cpu()
        return unit_rows(features.numpy())

    @cached_property
    def _fitting(self) -> DeviceFitting:
        return DeviceFitting(self._torch, self.preprocess, self.device)

    def _normalised(self, pixels: Pixels | Bytes | Sequence[Decoded | Bytes]) -> Any:
        """Prepared images on the device, float32: what `Preprocess` makes, bit for bit."""
        if isinstance(pixels, np.ndarray):
            held = self._torch.from_numpy(pixels)
            if self.device.startswith("cuda"):
                held = held.pin_memory().to(self.device, non_blocking=True)
        else:
            held = self._fitting(pixels)
        if held.dtype != self._torch.uint8:
            return held
        mean, std = self._mean_and_std
        return (held.float() / 255 - mean) / std

    @cached_property
    def _mean_and_std(self) -> tuple[Any, Any]:
        """(3, 1, 1) each, on the device: sending them with every batch would wait for what is before."""
        torch, rule = self._torch, self.preprocess
        mean, std = (
            torch.tensor(each, dtype=torch.float32, device=self.device)[:, None, None]
            for each in (rule.mean, rule.std)
        )
        return mean, std

    # -------------------------------------------------------------- texts
    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        if not texts:
            return []
        padded = self._tokenizer(list(texts)).numpy()
        if not self._cut_is_exact:
            return list(padded)
        # The end token has the highest id; 0 is both padding and the token "!", so it can't be counted.
        ends = padded.argmax(axis=1)
        return [row[: end + 1] for row, end in zip(padded, ends)]

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        longest = max(map(len, tokens))
        padded = np.zeros((len(tokens), longest), dtype=np.int64)
        for row, ids in enumerate(tokens):
            padded[row, : len(ids)] = ids
        return self._encode_padded(padded)

    def _encode_padded(self, padded: Any) -> Matrix:
        model = self._model
        with self._inference():
            ids = self._torch.from_numpy(padded).to(self.device)
            if hasattr(model, "token_embedding"):
                features = _cut_forward(model, ids)
            else:
                features = model.encode_text(ids)
            found = features.float().cpu()
        return unit_rows(found.numpy())

    @cached_property
    def _cut_is_exact(self) -> bool:
        """Whether texts without padding give the same vectors as padded ones in this model."""
        padded = self._tokenizer(list(_PROBES)).numpy()
        length = int(padded.argmax(axis=1).max()) + 1
        try:
            cut = self._encode_padded(padded[:, :length])
        except (RuntimeError, ValueError, IndexError):
            return False
        model = self._model
        with self._inference():
            full_ids = self._torch.from_numpy(padded).to(self.device)
            full = unit_rows(model.encode_text(full_ids).float().cpu().numpy())
        return bool(((cut * full).sum(axis=1) > 1 - _SAME).all())


def _cut_forward(model: Any, ids: Any) -> Any:
    """`open_clip.CLIP.encode_text` for fewer tokens than the context: positions and mask are cut."""
    from open_clip.transformer import text_global_pool

    length = ids.shape[1]
    kind = model.transformer.get_cast_dtype()
    x = model.token_embedding(ids).to(kind) + model.positional_embedding[:length].to(kind)
    mask = None if model.attn_mask is None else model.attn_mask[:length, :length]
    x = model.ln_final(model.transformer(x, attn_mask=mask))
    eos = getattr(model, "text_eos_id", None)
    x = text_global_pool(x, ids, model.text_pool_type, eos_token_id=eos)
    projection = model.text_projection
    if projection is None:
        return x
    return projection(x) if callable(projection) else x @ projection
