"""Vectors made longer with zeros: every cosine stays, and the model is another to an index."""

from __future__ import annotations

import numpy as np
import pytest

from engine import InvalidParameterValue, ModelUnavailable, load_encoder
from engine.encode.padded import PaddedEncoder

TEXTS = ["red dress", "blue jeans for men", "what is machine learning?", ""]


@pytest.fixture(params=["embedded", "hashed"])
def padded(request: pytest.FixtureRequest) -> tuple[PaddedEncoder, object]:
    own = load_encoder(request.param)
    return PaddedEncoder(own, 1024), own


def test_every_inner_product_is_that_of_the_model(padded: tuple) -> None:
    encoder, own = padded
    long, short = encoder.encode_texts(TEXTS), own.encode_texts(TEXTS)
    assert (encoder.dimension, long.shape, long.dtype) == (1024, (4, 1024), np.float32)
    np.testing.assert_array_equal(long[:, : own.dimension], short)
    assert not long[:, own.dimension :].any()
    np.testing.assert_allclose(long @ long.T, short @ short.T, atol=1e-6)
    np.testing.assert_array_equal(encoder.encode_tokens(encoder.tokenize(TEXTS[:1])), long[:1])


def test_it_goes_by_the_models_name_with_a_fingerprint_of_its_own(padded: tuple) -> None:
    encoder, own = padded
    assert (encoder.name, encoder.note, encoder.is_trained, encoder.precision) == (
        own.name, own.note, own.is_trained, own.precision,
    )  # fmt: skip
    lengths = [PaddedEncoder(own, length).fingerprint for length in (512, 1023, 1024)]
    assert len({own.fingerprint, *lengths}) == 4
    assert lengths[2] == encoder.fingerprint


def test_longer_vectors_are_refused() -> None:
    with pytest.raises(ModelUnavailable, match=r"makes vectors of 512 numbers.*can't be cut"):
        PaddedEncoder(load_encoder("hashed"), 384)


def test_photos_are_refused(padded: tuple) -> None:
    with pytest.raises(InvalidParameterValue, match="encodes texts only"):
        padded[0].encode_images([b""])
