"""A model in sentence-transformers' form: what its directory says. Knows JSON; no weights.

    modules.json                    the steps: Transformer, Pooling, and perhaps Normalize
    config.json, model.safetensors  the transformer, in transformers' form
    sentence_bert_config.json       how many tokens of a text are read, whether it is put in lower case
    1_Pooling/config.json           how the vectors of tokens become one
    tokenizer.json                  the vocabulary, for the `tokenizers` library

A BERT, pooled by mean, first token or maximum, runs without the library; see `Other` for the rest. A
directory may also lie in an archive, see `zipfile.Path`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from engine.errors import CorruptFile, ModelUnavailable

Folder: TypeAlias = Path | zipfile.Path
Pooling = Literal["mean", "cls", "max"]
MODULES = "modules.json"
WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
_PREFIX = "pooling_mode_"
_POOLINGS: Mapping[str, Pooling] = {"mean_tokens": "mean", "cls_token": "cls", "max_tokens": "max"}
AGAIN = "Copy the model's directory here again, whole."
_OFTEN = 512  # tokens that a BERT reads where nothing says how many


@dataclass(frozen=True)
class SentenceForm:
    """What a directory says of its model.

    Attributes:
        bert: `config.json`, of a BERT with the usual attention.
        pooling: how the vectors of a text's tokens become one; "cls" is the first token's.
        tokens: how many of a text are read, the first and the last mark included.
        lower_case: texts are put in lower case before the vocabulary's own rules.
    """

    folder: Folder
    bert: Mapping[str, Any]
    pooling: Pooling
    tokens: int
    lower_case: bool

    @property
    def dimension(self) -> int:
        return int(self.bert["hidden_size"])

    @property
    def facts(self) -> dict[str, Any]:
        """What its numbers depend on, beside weights and vocabulary."""
        rules = [self.pooling, self.tokens, self.lower_case]
        return {"bert": dict(self.bert), "rules": rules}


def is_sentence_form(folder: Folder) -> bool:
    """Whether a directory holds a model of sentence-transformers."""
    return (folder / MODULES).is_file()


@dataclass(frozen=True)
class Other:
    """A model that only the library itself runs, and why."""

    folder: Path
    why: str


def read_form(name: str, folder: Folder) -> SentenceForm | Other:
    """Read a directory's settings.

    Raises:
        CorruptFile: a file is damaged. ModelUnavailable: in an archive, only a BERT can be read.
    """
    try:
        return _read(folder)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # not what JSON should hold
        raise CorruptFile(f"{folder}: {error!r:.200}. {AGAIN}") from None
    except _Unusable as error:
        if not isinstance(folder, Path):
            raise ModelUnavailable(f"encoder {name!r}: {folder} has {error}.") from None
        return Other(folder, str(error))


class _Unusable(Exception):
    """What of a model can't be run without the library, in words."""


def _read(folder: Folder) -> SentenceForm:
    modules = {_kind(each): str(each.get("path", "")) for each in _json(folder, MODULES)}
    kinds = list(modules)
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise _Unusable(f"the steps {', '.join(kinds)}")
    root = folder / modules["Transformer"] if modules["Transformer"] else folder
    bert = _json(root, "config.json")
    _check_bert(bert)
    for file in (WEIGHTS, TOKENIZER):
        if not (root / file).is_file():
            raise _Unusable(f"no {file}")
    said = _json(folder, "config_sentence_transformers.json", {})
    if said.get("default_prompt_name"):
        raise _Unusable(f"the prompt {said['default_prompt_name']!r} before each text")
    own = _json(root, "sentence_bert_config.json", {})
    tokenizer = _json(root, "tokenizer_config.json", {})
    places = int(bert.get("max_position_embeddings", _OFTEN))
    tokens = own.get("max_seq_length") or tokenizer.get("model_max_length") or places
    return SentenceForm(
        root,
        bert,
        _pooling(_json(folder / modules["Pooling"], "config.json")),
        tokens=int(min(tokens, places)),
        lower_case=bool(own.get("do_lower_case")),
    )


def _kind(module: Mapping[str, Any]) -> str:
    """The last part of a module's type: the library's releases have it in different packages."""
    return str(module.get("type", "")).rpartition(".")[2]


def _check_bert(config: Mapping[str, Any]) -> None:
    expected = {
        "model_type": ("bert", None),
        "hidden_act": ("gelu", "gelu"),
        "position_embedding_type": ("absolute", "absolute"),
    }
    for key, (value, default) in expected.items():
        if config.get(key, default) != value:
            raise _Unusable(f"{key} {config.get(key)!r}")


def _pooling(config: Mapping[str, Any]) -> Pooling:
    """The one way of pooling. Raises _Unusable for several, or another."""
    old = [
        key.removeprefix(_PREFIX) for key, on in config.items() if key.startswith(_PREFIX) and on
    ]
    given = config.get("pooling_mode", [_POOLINGS.get(mode, mode) for mode in old])
    modes = [given] if isinstance(given, str) else list(given) or ["mean"]
    found = [pooling for pooling in _POOLINGS.values() if modes == [pooling]]
    if not found:
        raise _Unusable(f"pooling by {', '.join(map(str, modes))}")
    return found[0]


def _json(folder: Folder, name: str, default: Any = None) -> Any:
    """A file's value; `default` where there is no such file and one is given. Raises CorruptFile."""
    file = folder / name
    if default is not None and not file.is_file():
        return default
    try:
        return json.loads(file.read_bytes())
    except (OSError, KeyError, ValueError) as error:
        raise CorruptFile(f"{file}: {error}. {AGAIN}") from None


def bytes_in(folder: Folder) -> int:
    """Of the directory's files, or of the archive that it lies in."""
    if isinstance(folder, Path):
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Path(str(folder.root.filename)).stat().st_size
