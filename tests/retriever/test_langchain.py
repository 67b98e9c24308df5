"""The index as LangChain's retriever, by LangChain's own suite."""

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from embedder.encoder import EncoderId
from retriever import Filter, Retriever, open_index
from retriever.langchain import LangChainRetriever
from tests.retriever.conftest import make_document, vector_of

TEXTS = [f"Passage {n} is about pumps." for n in range(6)]


class Model:
    id = EncoderId("model", "1", 8)
    max_tokens = 20

    def count_tokens(self, text):
        return len(text.split())

    def encode_queries(self, texts):
        return [vector_of(text) for text in texts]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with open_index(tmp_path_factory.mktemp("langchain") / "index", Model.id) as index:
        for source in ("/docs/a.txt", "/docs/b/c.txt"):
            texts = TEXTS if source == "/docs/a.txt" else ["Nothing else.", TEXTS[0]]
            stored = make_document(source, texts)
            index.replace_document(stored.chunks, stored.vectors)
        yield Retriever(Model(), index)


class TestSuite(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _found(self, ours):
        self.found = ours

    @property
    def retriever_constructor(self):
        return LangChainRetriever

    @property
    def retriever_constructor_params(self):
        return {"retriever": self.found}

    @property
    def retriever_query_example(self):
        return "What is passage 3 about?"


def test_documents_say_where_they_come_from(ours):
    first, *_ = LangChainRetriever(retriever=ours).invoke("Passage 0 is about pumps.")
    assert first.page_content == TEXTS[0]
    metadata = first.metadata
    assert {metadata["source"], *metadata["copies"]} == {"/docs/a.txt", "/docs/b/c.txt"}
    assert metadata["score"] == pytest.approx(1, abs=5e-4)
    assert metadata["lexical"] > 0
    assert metadata["headings"] == ["Outer", "Inner"]
    assert "text" not in metadata


def test_a_call_may_narrow_it_down(ours):
    found = LangChainRetriever(retriever=ours, mode="lexical").invoke(
        "pumps", where=Filter(source="/docs/b")
    )
    assert [document.metadata["source"] for document in found] == ["/docs/b/c.txt"]
    with pytest.raises(ValueError, match="k"):
        LangChainRetriever(retriever=ours, k=0)
