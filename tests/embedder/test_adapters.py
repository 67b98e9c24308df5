"""LangChain and SentenceTransformers see the model's own embeddings."""

import asyncio

import numpy as np
import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from sentence_transformers import SentenceTransformer

from embedder import LLM2VecGen
from embedder.adapters.langchain import LLM2VecGenEmbeddings
from embedder.adapters.sentence_transformers import LLM2VecGenModule, sentence_transformer
from tests.conftest import PARITY

TEXTS = ["where do polar bears live", "Disk Cleanup frees space.", "x"]


class _OurEmbeddings:
    @property
    def embeddings_class(self):
        return LLM2VecGenEmbeddings

    @property
    def embedding_model_params(self):
        checkpoint = PARITY / "qwen3" / "checkpoint"
        return {"model": LLM2VecGen.from_pretrained(checkpoint, dtype="float32")}


class TestLangChainUnit(_OurEmbeddings, EmbeddingsUnitTests):
    pass


class TestLangChainIntegration(_OurEmbeddings, EmbeddingsIntegrationTests):
    pass


def test_langchain_gets_queries_and_documents_as_the_model_embeds_them(tiny):
    adapter = LLM2VecGenEmbeddings(tiny)
    np.testing.assert_allclose(
        adapter.embed_documents(TEXTS), tiny.encode_documents(TEXTS), atol=1e-7
    )
    np.testing.assert_allclose(
        asyncio.run(adapter.aembed_query(TEXTS[0])), tiny.encode_queries(TEXTS[:1])[0], atol=1e-7
    )


def test_sentence_transformers_encodes_with_the_module_alone(tiny):
    outer = SentenceTransformer(modules=[LLM2VecGenModule(tiny)], device="cpu")
    np.testing.assert_allclose(outer.encode(TEXTS), tiny.encode(TEXTS), atol=1e-6)
    assert outer.get_embedding_dimension() == tiny.dimension


def test_sentence_transformers_prompts_are_the_published_instructions(tiny):
    outer = sentence_transformer(tiny)
    np.testing.assert_allclose(outer.encode_query(TEXTS), tiny.encode_queries(TEXTS), atol=1e-6)
    np.testing.assert_allclose(
        outer.encode_document(TEXTS), tiny.encode_documents(TEXTS), atol=1e-6
    )


def test_sentence_transformers_cuts_what_is_too_long(tiny):
    outer = sentence_transformer(tiny)
    long = "word " * 2000
    np.testing.assert_allclose(outer.encode([long]), tiny.encode([long], truncate=True), atol=1e-6)


def test_saving_through_sentence_transformers_says_what_to_do_instead(tiny, tmp_path):
    with pytest.raises(NotImplementedError, match="copy the checkpoint"):
        LLM2VecGenModule(tiny).save(str(tmp_path))
