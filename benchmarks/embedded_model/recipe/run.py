"""One run of the recipe, from a table and photos to a model directory: the order of its steps."""

from __future__ import annotations

from typing import Any

import torch

from engine.shop.evaluation.run import query_sets
from engine.shop.training.onnx_form.folder import Trained, write_model
from engine.shop.training.onnx_form.read_back import read_facts
from engine.shop.training.process import torch_set
from engine.shop.training.products.labels import brands
from engine.shop.training.products.pixels import normalise, resized
from engine.shop.training.progress.curve import draw_curve
from engine.shop.training.progress.log import Log
from engine.shop.training.towers.pieces import read_tokenizer
from engine.shop.training.towers.teacher import read_teacher
from recipe.catalogue import Catalogue, draw_catalogues, read_catalogue
from recipe.held_out import HeldOut
from recipe.photos import Bank, read_aside, read_bank
from recipe.settings import Request, Settings
from recipe.texts import LONG, Texts, read_words, teacher_features, texts_of
from recipe.towers import CALIBRATED, HEADS, Towers, make_towers
from recipe.training import Training


class Run:
    """A run: what it reads, the training, what it writes."""

    def __init__(self, request: Request, settings: Settings) -> None:
        self._request, self._settings = request, settings
        self._queries = query_sets([request.queries])
        self._teacher, self._tokenizer = read_teacher(request.teacher)

    def run(self) -> dict[str, Any]:
        """Train, and write the model; returns what its model.json says."""
        with torch_set(self._request.threads, self._settings.seed) as threads:
            return self._run(threads)

    def _run(self, threads: int) -> dict[str, Any]:
        request, settings = self._request, self._settings
        drawn = draw_catalogues(request.work, settings.drawn)
        catalogue = read_catalogue(request.table, request.photos, drawn)
        bank = read_bank(catalogue, settings.all_photos, request.work, request.device, threads)
        texts = self._texts(catalogue)
        towers = self._towers(catalogue, bank)
        training = Training(towers, bank, texts, request, settings)
        folder = request.out / "training"
        folder.mkdir(parents=True, exist_ok=True)
        log = Log(folder / "log.jsonl")
        log.file.unlink(missing_ok=True)
        held_out = self._held_out(catalogue, threads)
        training.run(log, lambda own: held_out.figures(own.image, own.trunk, own.head))
        draw_curve(log.lines(), folder / "learning_curve.png")
        if settings.teacher:
            self._with_teacher(training, held_out, log)
        return self._write(training)

    def _texts(self, catalogue: Catalogue) -> Texts:
        """All texts on the device, with the teacher's features."""
        request, settings = self._request, self._settings
        vocabulary = self._tokenizer.get_vocab()
        words = read_words(catalogue, [request.words], self._queries, vocabulary, settings)
        texts = texts_of(words, catalogue, self._cutting(), request.device)
        print(f"{len(words.corpus.texts):,} texts, {len(words.phrases):,} phrases")
        if settings.teacher:
            self._teacher.to(request.device)
            texts.features = teacher_features(self._teacher, texts.ids)
            self._teacher.cpu()
        return texts

    def _cutting(self) -> Any:
        """The teacher's tokenizer as training uses it."""
        return read_tokenizer(self._request.teacher / "tokenizer.json", LONG)

    def _towers(self, catalogue: Catalogue, bank: Bank) -> Towers:
        labels, own = catalogue.labels, bank.products.cpu()
        classes = {field: len(labels.classes[field]) for field in HEADS}
        classes["brand"] = int(brands(catalogue.rows).max()) + 1
        heads = {field: count for field, count in classes.items() if count > 1}
        places = torch.arange(0, len(own), max(1, len(own) // CALIBRATED))
        photos = normalise(bank.pixels[places.to(bank.pixels.device), ..., :3].cpu())
        size = self._settings.size
        return make_towers(
            self._teacher, heads, self._request.start, resized(photos, size), self._settings
        )

    def _held_out(self, catalogue: Catalogue, threads: int) -> HeldOut:
        request, size = self._request, self._settings.size
        aside = read_aside(catalogue, size, request.work, threads)
        cutting, queries = self._cutting(), self._queries
        return HeldOut(catalogue, aside, queries, cutting, size, request.device)

    def _with_teacher(self, training: Training, held_out: HeldOut, log: Log) -> None:
        """The other way to use the teacher: itself, frozen, under the trained head."""
        own = training.average.model
        found = held_out.figures(own.image, self._teacher.to(self._request.device), own.head)
        log.write(stage="the teacher itself", step=training.steps, held_out=found)
        self._teacher.cpu()
        print("with the teacher itself:", "  ".join(f"{n} {v:.3f}" for n, v in found.items()))

    def _write(self, training: Training) -> dict[str, Any]:
        request, own = self._request, training.average.model.cpu()
        scales = {name: float(own.scales(name)) for name in own.scales.logs}
        backbone = str(read_facts(request.start)["backbone"])
        said = {"steps": training.steps, "photos": training.photos,
                "seconds": round(training.clock.spent)}  # fmt: skip
        model = Trained(
            request.out.resolve().name,
            own.image,
            backbone,
            self._settings.size,
            own.trunk,
            own.head,
            self._tokenizer,
            said,
            scales,
        )
        return write_model(model, request.out)
