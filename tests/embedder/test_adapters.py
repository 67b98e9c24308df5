"""LangChain and SentenceTransformers see the model's own embeddings, and its own replies."""

import asyncio
import json
import shutil

import numpy as np
import pytest
import yaml
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_tests.integration_tests import ChatModelIntegrationTests, EmbeddingsIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests, EmbeddingsUnitTests
from sentence_transformers import SentenceTransformer

from embedder import BUNDLED_MODEL, LLM2VecGen
from embedder.adapters.langchain import ChatLLM2VecGen, LLM2VecGenEmbeddings
from embedder.adapters.sentence_transformers import LLM2VecGenModule, sentence_transformer
from embedder.errors import PromptTooLongError, TextTooLongError
from embedder.published import read_checkpoint, write_checkpoint
from tests.conftest import PARITY

TEXTS = ["where do polar bears live", "Disk Cleanup frees space.", "x"]
LONG = "word " * 2000
CHECKPOINT = PARITY / "qwen3" / "checkpoint"


class _OurEmbeddings:
    @property
    def embeddings_class(self):
        return LLM2VecGenEmbeddings

    @property
    def embedding_model_params(self):
        return {"model": LLM2VecGen.from_pretrained(CHECKPOINT, dtype="float32")}


class TestLangChainUnit(_OurEmbeddings, EmbeddingsUnitTests):
    pass


class TestLangChainIntegration(_OurEmbeddings, EmbeddingsIntegrationTests):
    pass


class _OurChatModel:
    """The weights are random, so it writes gibberish: no tools, no structured output."""

    @pytest.fixture(autouse=True)
    def _load(self, tiny):
        self._model = tiny

    @property
    def chat_model_class(self):
        return ChatLLM2VecGen

    @property
    def chat_model_params(self):
        return {"model": self._model}

    @property
    def standard_chat_model_params(self):
        return super().standard_chat_model_params | {"max_tokens": 16}

    @property
    def has_tool_calling(self):
        return False

    @property
    def has_structured_output(self):
        return False

    @property
    def supports_model_override(self):
        return False


class TestChatUnit(_OurChatModel, ChatModelUnitTests):
    pass


class TestChatIntegration(_OurChatModel, ChatModelIntegrationTests):
    pass


def test_langchain_gets_queries_and_documents_as_the_model_embeds_them(tiny):
    adapter = LLM2VecGenEmbeddings(tiny)
    np.testing.assert_allclose(
        adapter.embed_documents(TEXTS), tiny.encode_documents(TEXTS), atol=1e-7
    )
    np.testing.assert_allclose(
        asyncio.run(adapter.aembed_query(TEXTS[0])), tiny.encode_queries(TEXTS[:1])[0], atol=1e-7
    )


def test_a_chat_reply_is_what_the_model_streams(tiny):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    written = "".join(tiny.stream(messages, max_new_tokens=12))
    chat = ChatLLM2VecGen(model=tiny, max_tokens=12)
    conversation = [SystemMessage("Be brief."), HumanMessage("Hello")]
    assert chat.invoke(conversation).text == written
    assert chat.invoke([("system", "Be brief."), ("user", "Hello")]).text == written
    pieces = [chunk.text for chunk in chat.stream(conversation)]
    assert "".join(pieces) == written
    assert len([piece for piece in pieces if piece]) > 1
    assert (chat | StrOutputParser()).invoke(conversation) == written


def test_a_chat_reply_knows_its_tokens_and_its_model(tiny):
    reply = ChatLLM2VecGen(model=tiny, max_tokens=12).invoke("Hello")
    prompt = tiny.count_prompt_tokens([{"role": "user", "content": "Hello"}])
    assert reply.usage_metadata["input_tokens"] == prompt
    assert reply.usage_metadata["output_tokens"] == tiny.count_tokens(reply.text)
    assert reply.response_metadata["model_name"] == "llama/checkpoint"


def test_a_chat_reply_ends_before_a_stop_text_or_after_its_tokens(tiny):
    chat = ChatLLM2VecGen(model=tiny, max_tokens=40)
    whole = chat.invoke("Hello").text
    stop = whole[len(whole) // 2 :][:3]
    before = whole[: whole.index(stop)]
    assert chat.invoke("Hello", stop=[stop]).text == before
    assert chat.bind(stop=["never to be found", stop]).invoke("Hello").text == before
    assert ChatLLM2VecGen(model=tiny, max_tokens=40, stop=[stop]).invoke("Hello").text == before
    assert whole.startswith(chat.invoke("Hello", max_tokens=5).text)
    assert len(chat.invoke("Hello", max_tokens=5).text) < len(whole)


def test_a_seed_makes_a_reply_at_a_temperature_repeatable(tiny):
    chat = ChatLLM2VecGen(model=tiny, max_tokens=12, temperature=1.0, seed=1)
    assert chat.invoke("Hello").text == chat.invoke("Hello").text
    others = {chat.invoke("Hello", seed=seed).text for seed in range(2, 6)}
    assert others - {chat.invoke("Hello").text}


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (ToolMessage("4", tool_call_id="1"), "kind tool with text"),
        (
            HumanMessage([{"type": "image", "url": "https://example.org/x.png"}]),
            "kind human with image",
        ),
    ],
)
def test_messages_that_the_model_cannot_read_are_refused(tiny, message, found):
    with pytest.raises(ValueError, match=f"of text, found one of {found}"):
        ChatLLM2VecGen(model=tiny).invoke([HumanMessage("hi"), AIMessage("ho"), message])


def test_a_conversation_over_the_window_is_refused(tiny):
    with pytest.raises(PromptTooLongError, match="the model's window"):
        ChatLLM2VecGen(model=tiny).invoke("word " * 5000)


def test_a_text_that_is_too_long_is_an_error_in_every_adapter(tiny):
    with pytest.raises(TextTooLongError):
        LLM2VecGenEmbeddings(tiny).embed_documents([LONG])
    with pytest.raises(TextTooLongError):
        sentence_transformer(tiny).encode([LONG])


def test_sentence_transformers_cuts_what_is_too_long_if_it_is_asked_to(tiny):
    cut = tiny.encode([LONG], truncate=True)
    outer = sentence_transformer(tiny, truncate=True)
    np.testing.assert_allclose(outer.encode([LONG]), cut, atol=1e-6)


def test_sentence_transformers_encodes_with_the_module_alone(tiny):
    outer = SentenceTransformer(modules=[LLM2VecGenModule(tiny)], device="cpu")
    np.testing.assert_allclose(outer.encode(TEXTS), tiny.encode(TEXTS), atol=1e-6)
    assert outer.get_embedding_dimension() == tiny.dimension


def test_sentence_transformers_prompts_are_the_published_instructions(tiny):
    assert_same(sentence_transformer(tiny), tiny)


def assert_same(outer, model):
    np.testing.assert_allclose(outer.encode_query(TEXTS), model.encode_queries(TEXTS), atol=1e-6)
    np.testing.assert_allclose(
        outer.encode_document(TEXTS), model.encode_documents(TEXTS), atol=1e-6
    )


@pytest.fixture
def written(tmp_path, tiny):
    """A checkpoint that `write_checkpoint` has written, its base beside it."""
    shutil.copytree(PARITY / "llama" / "base", tmp_path / "base")
    write_checkpoint(
        tmp_path / "model", read_checkpoint(PARITY / "llama" / "checkpoint"), tiny._tokenizer
    )
    run = tmp_path / "model" / "run_config.yml"
    run.write_text(
        yaml.safe_dump(yaml.safe_load(run.read_text()) | {"model_name_or_path": "../base"})
    )
    return tmp_path / "model"


@pytest.mark.parametrize("source", ["written", "bundled"])
def test_sentence_transformers_loads_a_checkpoint_by_its_folder(source, written):
    folder = written if source == "written" else BUNDLED_MODEL
    outer = SentenceTransformer(str(folder), trust_remote_code=True, device="cpu")
    assert_same(outer, LLM2VecGen.from_pretrained(folder))
    with pytest.raises(ValueError, match="trust_remote_code=True"):
        SentenceTransformer(str(folder))


def test_sentence_transformers_passes_on_dtype_device_and_truncate(written):
    outer = SentenceTransformer(
        str(written),
        trust_remote_code=True,
        model_kwargs={"dtype": "float32", "device": "cpu"},
        config_kwargs={"truncate": True},
    )
    model = LLM2VecGen.from_pretrained(written, device="cpu", dtype="float32")
    np.testing.assert_array_equal(outer.encode([LONG]), model.encode([LONG], truncate=True))


def test_what_sentence_transformers_saves_both_of_us_load(written, tmp_path):
    outer = SentenceTransformer(str(written), trust_remote_code=True, device="cpu")
    outer.prompts["query"] = "Question: "
    outer.save(str(tmp_path / "elsewhere" / "copy"))
    shutil.rmtree(written)  # the copy stands alone, but for the base
    copy = tmp_path / "elsewhere" / "copy"
    again = SentenceTransformer(str(copy), trust_remote_code=True, device="cpu")
    model = LLM2VecGen.from_pretrained(copy)
    np.testing.assert_allclose(
        again.encode_document(TEXTS), model.encode_documents(TEXTS), atol=1e-6
    )
    np.testing.assert_allclose(
        again.encode_query(TEXTS), model.encode(TEXTS, instruction="Question: "), atol=1e-6
    )


def test_a_model_in_memory_can_be_saved(tiny, tmp_path):
    tiny.save(tmp_path / "copy")
    copy = LLM2VecGen.from_pretrained(tmp_path / "copy", device="cpu", dtype="float32")
    np.testing.assert_array_equal(copy.encode(TEXTS), tiny.encode(TEXTS))
    copy.save(tmp_path / "copy")
    assert LLM2VecGen.from_pretrained(tmp_path / "copy").id == tiny.id


def test_a_base_inside_the_checkpoint_goes_with_it(written, tmp_path):
    (written.parent / "base").rename(written / "base")
    for name, key, read in (
        ("run_config.yml", "model_name_or_path", yaml.safe_load),
        ("encoder/adapter_config.json", "base_model_name_or_path", json.loads),
    ):
        content = read((written / name).read_text()) | {key: "base"}
        (written / name).write_text(json.dumps(content))  # which YAML reads too
    LLM2VecGen.from_pretrained(written).save(tmp_path / "copy")
    shutil.rmtree(written)
    assert read_checkpoint(tmp_path / "copy").base == str((tmp_path / "copy" / "base").resolve())
