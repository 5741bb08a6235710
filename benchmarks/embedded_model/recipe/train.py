"""Train the small CLIP: ``python -m recipe.train --table ... --images ... --out ...``.

The schedule follows the clock: ``--minutes`` from now the learning rate has reached zero, however
fast the machine is and whatever else it does. A run that is started again with the same ``--out``
goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from engine.shop.evaluation import evaluate_vectors

from .augment import augment, normalise
from .data import Labels, PhotoSet, Product, is_held_out, load_photo_set, read_products
from .losses import both_ways, cross_entropy_to, name_targets, photo_loss, query_matches
from .model import HEAD_FIELDS, Average, Trainee, clip_config
from .texts import (
    COLOUR_WORDS,
    GENDER_WORDS,
    PRICE_WORDS,
    SYNONYMS,
    TEMPLATES,
    USAGE_WORDS,
    TextSampler,
)
from .tokens import Vocabulary, build_tokenizer, encode_ids

SIZES = ((0.0, 80), (0.5, 96))  # training resolution by share of the schedule


@dataclass
class Data:
    """Everything a training step draws from."""

    train: list[Product]
    pixels: list[tuple[np.ndarray, int]]  # for every train product: its cache and its row
    weights: np.ndarray
    held_out: PhotoSet
    text_only: list[Product]
    labels: Labels
    brands: dict[str, int]
    tokenizer: Tokenizer
    vocabulary: Vocabulary


def brand_of(product: Product) -> str:
    return (product.name or "").split(" ")[0].lower()


def load_data(args: argparse.Namespace) -> Data:
    photos = load_photo_set(args.table, args.images, args.cache / "photos.npy", args.cache_size)
    test = [i for i, p in enumerate(photos.products) if is_held_out(p.id)]
    held_out = PhotoSet(
        [photos.products[i] for i in test], np.stack([photos.pixels[i] for i in test])
    )
    own = [i for i, p in enumerate(photos.products) if not is_held_out(p.id)]
    train = [photos.products[i] for i in own]
    pixels: list[tuple[np.ndarray, int]] = [(photos.pixels, i) for i in own]
    weights = [1.0] * len(train)
    for folder in args.drawn:
        drawn = load_photo_set(folder / "styles.csv", folder / "images",
                               args.cache / f"drawn_{folder.name}.npy", args.cache_size)  # fmt: skip
        train += drawn.products
        pixels += [(drawn.pixels, i) for i in range(len(drawn))]
        weights += [-1.0] * len(drawn)
    share = np.array(weights)
    extra = (share < 0).sum()
    if extra:
        share[share < 0] = args.drawn_share / (1 - args.drawn_share) * (share > 0).sum() / extra
    everything = read_products(args.table)
    with_photo = {p.id for p in photos.products}
    text_only = [p for p in everything if p.id not in with_photo and p.name and p.articleType]
    labels = Labels.fit(train + text_only)
    counts = Counter(brand_of(p) for p in train)
    brands = {b: i for i, b in enumerate(sorted(b for b, n in counts.items() if n >= 15 and b))}
    tokenizer = build_tokenizer()
    vocabulary = Vocabulary.fit(tokenizer, vocabulary_texts(train + text_only))
    return Data(train, pixels, share / share.sum(), held_out, text_only, labels, brands,
                tokenizer, vocabulary)  # fmt: skip


def vocabulary_texts(products: list[Product]) -> Iterator[str]:
    """Every text that training can show, and single characters (for words in pieces)."""
    sampler = TextSampler(junk=0.0)
    for p in products:
        name = p.name or ""
        yield sampler.recipe(p, name)
        yield " ".join(filter(None, (name, p.usage, p.subCategory, p.season)))
        yield sampler.respell(name.lower())
    for words in (
        *COLOUR_WORDS.values(),
        *GENDER_WORDS.values(),
        *USAGE_WORDS.values(),
        PRICE_WORDS,
    ):
        yield from words
    yield from TEMPLATES
    for p in products[:20000:2]:
        yield sampler.query(p).text
    for word in SYNONYMS:
        yield from (word, word + "s")
    yield from (chr(c) for c in range(33, 127))
    yield "".join(chr(c) + " " for c in range(33, 127)) + "zqx qwz xzk vjq"


class Step:
    """Draws batches and computes the loss."""

    def __init__(self, data: Data, model: Trainee, args: argparse.Namespace, seed: int) -> None:
        self.data, self.model, self.args = data, model, args
        self.rng = np.random.default_rng(seed)
        self.texts = TextSampler(seed)
        torch.manual_seed(seed)
        self.queue = np.empty(0, dtype=np.int64)
        self.codes = data.labels.encode(data.train)
        self.codes["brand"] = torch.tensor([data.brands.get(brand_of(p), -1) for p in data.train])
        self.text_codes = data.labels.encode(data.text_only)
        self.name_code = torch.tensor(_codes_of_names(data.train))
        self.types = data.labels.classes["articleType"]

    def ids(self, texts: list[str], drop: float = 0.02) -> torch.Tensor:
        """Compact ids; a few words are replaced by the unknown row."""
        vocabulary = self.data.vocabulary
        ids = vocabulary.table[encode_ids(self.data.tokenizer, texts)]
        ordinary = (ids < vocabulary.unknown) & (torch.rand(ids.shape) < drop)
        return ids.masked_fill(ordinary, vocabulary.unknown)

    def draw(self, n: int) -> np.ndarray:
        """The next products of a shuffled pass (each photo about once in a pass)."""
        if len(self.queue) < n:
            weights = self.data.weights * len(self.data.weights)
            times = np.floor(weights + self.rng.random(len(weights))).astype(int)
            order = np.repeat(np.arange(len(weights)), times)
            self.queue = np.concatenate([self.queue, self.rng.permutation(order)])
        chosen, self.queue = self.queue[:n], self.queue[n:]
        return chosen

    def loss(self, step: int, size: int) -> tuple[torch.Tensor, dict[str, float]]:
        data, args, model = self.data, self.args, self.model
        chosen = self.draw(args.batch)
        products = [data.train[i] for i in chosen]
        raw = np.stack([data.pixels[i][0][data.pixels[i][1]] for i in chosen])
        x = augment(torch.from_numpy(raw), size)
        index = torch.from_numpy(chosen)
        codes = {f: v[index] for f, v in self.codes.items()}
        queries = [self.texts.query(p) for p in products]
        texts = [self.texts.name(p) for p in products] + [q.text for q in queries]
        if step % 2 == 0:
            texts += [self.texts.type_prompt(t) for t in self.types]
        ids = self.ids(texts)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
            images, heads = model.image(x)
            vectors = model.text(ids, chunks=4)
        name_vectors, query_vectors, bank = vectors.split(
            [args.batch, args.batch, len(texts) - 2 * args.batch]
        )
        scale = model.clip.logit_scale.exp().clamp(max=100)
        query_scale = model.query_scale.exp().clamp(max=100)
        bank_scale = model.bank_scale.exp().clamp(max=100)
        parts = {
            "name": both_ways(scale * images @ name_vectors.T,
                              name_targets(codes, self.name_code[index])),
            "query": both_ways(query_scale * images @ query_vectors.T,
                               query_matches(queries, codes, data.labels)),
            "heads": self.head_loss(heads, codes),
            "photos": photo_loss(images, codes["articleType"], bank_scale.detach()),
        }  # fmt: skip
        if len(bank):
            parts["bank"] = F.cross_entropy(bank_scale * images @ bank.T, codes["articleType"],
                                            ignore_index=-1, label_smoothing=0.05)  # fmt: skip
        else:
            parts["text"] = self.text_loss(query_scale)
        weight = {"name": 1.0, "query": 1.5, "photos": 0.4, "heads": 0.5, "bank": 2.0, "text": 0.4}
        total = torch.stack([weight[k] * v for k, v in parts.items()]).sum()
        return total, {k: float(v.detach()) for k, v in parts.items()}

    def head_loss(
        self, heads: dict[str, torch.Tensor], codes: dict[str, torch.Tensor]
    ) -> torch.Tensor:
        weight = {"articleType": 1.0, "baseColour": 1.0, "gender": 0.5, "brand": 0.4}
        losses = []
        for f, logits in heads.items():
            if (codes[f] >= 0).any():
                value = F.cross_entropy(logits, codes[f], ignore_index=-1, label_smoothing=0.05)
                losses.append(weight.get(f, 0.25) * value)
        return torch.stack(losses).sum()

    def text_loss(self, scale: torch.Tensor) -> torch.Tensor:
        """Names of products without a photo, next to the queries that describe them."""
        chosen = self.rng.integers(0, len(self.data.text_only), self.args.batch // 2)
        products = [self.data.text_only[i] for i in chosen]
        queries = [self.texts.query(p) for p in products]
        index = torch.from_numpy(chosen)
        codes = {f: v[index] for f, v in self.text_codes.items()}
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.args.bf16):
            texts = [self.texts.name(p) for p in products] + [q.text for q in queries]
            left, right = self.model.text(self.ids(texts), chunks=3).chunk(2)
        matches = query_matches(queries, codes, self.data.labels)
        return cross_entropy_to(scale * left @ right.T, matches)


def _codes_of_names(products: list[Product]) -> list[int]:
    seen: dict[str, int] = {}
    return [seen.setdefault((p.name or p.id).lower(), len(seen)) for p in products]


@torch.inference_mode()
def held_out_report(model: Trainee, data: Data, size: int) -> dict[str, Any]:
    """The figures on held-out photos, from the cached pixels."""
    model.eval()
    vectors = []
    for start in range(0, len(data.held_out), 128):
        x = normalise(torch.from_numpy(data.held_out.pixels[start : start + 128, ..., :3]))
        x = F.interpolate(x, size=(size, size), mode="bicubic", antialias=True)
        vectors.append(model.image(x.contiguous(memory_format=torch.channels_last))[0].numpy())

    def encode(texts: Any) -> np.ndarray:
        blocks = [list(texts[i : i + 256]) for i in range(0, len(texts), 256)]
        ids = [data.vocabulary.table[encode_ids(data.tokenizer, b)] for b in blocks]
        return np.concatenate([model.text(i).numpy() for i in ids])

    products = [asdict(product) for product in data.held_out.products]
    return evaluate_vectors(np.concatenate(vectors), products, encode)


def short(report: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v['value']}" for k, v in report.items() if isinstance(v, dict))


def optimiser(model: Trainee, args: argparse.Namespace) -> torch.optim.Optimizer:
    decayed, free = [], []
    for name, parameter in model.named_parameters():
        small = parameter.ndim < 2 or "embedding" in name
        (free if small else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": args.weight_decay},
              {"params": free, "weight_decay": 0.0}]  # fmt: skip
    return torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), fused=True)


def rate_at(progress: float, warmup: float = 0.02) -> float:
    """Share of the peak learning rate: a short warm-up, then half a cosine to zero."""
    if progress < warmup:
        return 0.02 + 0.98 * progress / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warmup) / (1 - warmup))))


class Threads:
    """Steps down to one thread while other programs hold the cores, and looks again later.

    With static work shares, one delayed thread holds up all the others.
    """

    def __init__(self, count: int, slow: float = 1.9, pause: int = 15) -> None:
        self.count, self.slow, self.pause = count, slow, pause
        self.usual: dict[int, float] = {}
        self.alone = 0

    def after(self, size: int, seconds: float) -> None:
        if self.alone:
            self.alone -= 1
            if not self.alone:
                torch.set_num_threads(self.count)
            return
        self.usual[size] = min(self.usual.get(size, seconds), seconds)
        if self.count > 1 and seconds > self.slow * self.usual[size]:
            self.alone = self.pause
            torch.set_num_threads(1)


def save(path: Path, state: dict[str, Any]) -> None:
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def train(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    data = load_data(args)
    checkpoint = args.out / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else None
    if state:
        data.vocabulary = Vocabulary(state["meta"]["used"])
    config = clip_config(args.backbone, args.size, args.width, args.layers, args.heads,
                         data.vocabulary.size, args.drop_path)  # fmt: skip
    classes = {
        f: len(data.brands) if f == "brand" else len(data.labels.classes[f]) for f in HEAD_FIELDS
    }
    model = Trainee(config, classes).to(memory_format=torch.channels_last)
    average = Average(model, args.average)
    adam = optimiser(model, args)
    first, done, samples = 0, 0.0, 0
    if state:
        model.load_state_dict(state["model"])
        average.model.load_state_dict(state["average"])
        adam.load_state_dict(state["adam"])
        first, done, samples = state["step"], state["progress"], state["samples"]
        average.updates = state["updates"]
    meta = {"config": config, "classes": classes, "used": data.vocabulary.used}
    draw = Step(data, model, args, seed=args.seed + first)
    began = time.time()
    log = (args.out / "log.jsonl").open("a", buffering=1)
    print(f"{len(data.train)} train, {len(data.held_out)} held out, {len(data.text_only)} texts, "
          f"vocabulary {data.vocabulary.size}, brands {len(data.brands)}", flush=True)  # fmt: skip

    def store(step: int, progress: float) -> None:
        save(checkpoint, {"model": model.state_dict(), "average": average.model.state_dict(),
                          "adam": adam.state_dict(), "step": step, "progress": progress,
                          "samples": samples, "updates": average.updates, "meta": meta})  # fmt: skip

    step, progress, saved, shown = first, done, began, began
    evaluated = began
    sums: dict[str, list[float]] = {}
    threads = Threads(args.threads)
    while True:
        now = time.time()
        progress = done + (1 - done) * (now - began) / (args.minutes * 60)
        if progress >= 1:
            break
        size = next(s for start, s in reversed(SIZES) if progress >= start)
        for group in adam.param_groups:
            group["lr"] = args.rate * rate_at(progress)
        model.train()
        loss, parts = draw.loss(step, size)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        if torch.isfinite(norm):
            adam.step()
        step, samples = step + 1, samples + args.batch
        threads.after(size, time.time() - now)
        if step % 2 == 0:
            average.update(model)
        for k, v in {**parts, "norm": float(norm)}.items():
            sums.setdefault(k, []).append(v)
        if now - shown > 60:
            means = {k: round(float(np.mean(v)), 3) for k, v in sums.items()}
            line = {"step": step, "progress": round(progress, 4), "size": size,
                    "samples": samples, "seconds": round(now - began), **means}  # fmt: skip
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            shown, sums = now, {}
        if now - saved > 180:
            store(step, progress)
            saved = now
        if now - evaluated > args.evaluate_minutes * 60:
            report = held_out_report(average.model, data, args.size)
            print(f"held out: {short(report)}", flush=True)
            log.write(json.dumps({"step": step, "progress": progress, "held_out": report}) + "\n")
            evaluated = now
    store(step, progress)
    report = held_out_report(average.model, data, args.size)
    print(f"held out, end: {short(report)}", flush=True)
    log.write(json.dumps({"step": step, "progress": progress, "held_out": report}) + "\n")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--table", type=Path, required=True, help="styles.csv")
    p.add_argument("--images", type=Path, required=True, help="folder of {id}.jpg")
    p.add_argument("--drawn", type=Path, nargs="*", default=[], help="folders of drawn pictures")
    p.add_argument("--drawn-share", type=float, default=0.07)
    p.add_argument("--cache", type=Path, required=True)
    p.add_argument("--cache-size", type=int, default=128)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--minutes", type=float, required=True, help="until the schedule ends")
    p.add_argument("--backbone", default="cs3darknet_focus_s")
    p.add_argument("--drop-path", type=float, default=0.05)
    p.add_argument("--size", type=int, default=96, help="input size of the finished model")
    p.add_argument("--width", type=int, default=192)
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--heads", type=int, default=4)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--rate", type=float, default=1.5e-3)
    p.add_argument("--weight-decay", type=float, default=0.08)
    p.add_argument("--clip", type=float, default=3.0)
    p.add_argument("--average", type=float, default=0.997)
    p.add_argument("--evaluate-minutes", type=float, default=7)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    return p.parse_args(argv)


if __name__ == "__main__":
    train(parse())
