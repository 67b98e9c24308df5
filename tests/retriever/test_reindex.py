"""An index embedded anew, or copied elsewhere, while others search it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from embedder.encoder import EncoderId
from embedder.errors import TextTooLongError
from retriever import Retriever, document_id, migrate, open_index, open_present, reindex
from retriever.errors import RetrieverError
from tests.retriever.conftest import about, step, vector_of

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


class Model:
    """Another encoder than that of the index: every vector is turned by one place."""

    id = EncoderId("other", "2", 8)
    max_tokens = 40

    def __init__(self):
        self.titles = []

    def count_tokens(self, text):
        return len(text.split())

    def encode_queries(self, texts):
        return np.stack([np.roll(vector_of(text), 1) for text in texts])

    def encode_documents(self, texts, titles):
        if any(self.count_tokens(text) > self.max_tokens for text in texts):
            msg = "text 1 of 1 has 41 tokens"
            raise TextTooLongError(msg)
        self.titles += titles
        return self.encode_queries(texts)


class Former(Model):
    """The encoder of the index."""

    id = EncoderId("model", "1", 8)

    def encode_queries(self, texts):
        return np.stack([vector_of(text) for text in texts])


def fill(index, document, documents=6, chunks=20):
    stored = [
        document(f"/docs/{name}.txt", [f"{name} text {n}" for n in range(chunks)])
        for name in range(documents)
    ]
    index.replace_documents([(each.chunks, each.vectors) for each in stored])
    return stored


def test_all_passages_are_embedded_anew_and_the_former_ones_kept(place, document):
    seen = []
    model = Model()
    with place.open() as index:
        stored = fill(index, document)
        with reindex(index, model, progress=seen.append) as new:
            assert new.encoder == model.id
            for each in stored:
                assert new.chunks(each.id) == each.chunks
                expected = np.roll(each.vectors, 1, axis=1)
                np.testing.assert_allclose(new.vectors(each.id), expected, atol=step(new))
            found = Retriever(model, new).retrieve("3 text 7", 1, mode="lexical")
            assert found[0].chunk.text in {"3 text 7", "7 text 3"}
            assert index.vectors(stored[0].id) == pytest.approx(stored[0].vectors, abs=step(index))
            with pytest.raises(RetrieverError, match="was rebuilt"):
                index.delete_documents([stored[0].id])
    assert seen == [80, 120]
    assert set(model.titles[:20]) == {"Title of /docs/0.txt > Outer > Inner"}
    with place.open("other@2") as index:
        index.delete_documents([stored[0].id])
        assert index.info().documents == 5
    place.rollback()
    with place.open() as index:
        assert index.info().documents == 6


def test_a_failure_changes_nothing(place, document):
    class Broken(Model):
        def encode_documents(self, texts, titles):
            if self.titles:
                raise KeyboardInterrupt
            return super().encode_documents(texts, titles)

    with place.open() as index:
        stored = fill(index, document)
        with pytest.raises(KeyboardInterrupt):
            reindex(index, Broken())
        index.delete_documents([stored[0].id])
        assert index.info().documents == 5
    with place.open() as index:
        assert index.info().documents == 5
    with pytest.raises(RetrieverError, match="nothing to go back to"):
        place.rollback()


def test_a_passage_that_is_too_long_says_what_to_do(index, document):
    stored = document("/docs/a.txt", ["word " * 41])
    index.replace_document(stored.chunks, stored.vectors)
    with pytest.raises(TextTooLongError, match=r"cut for another model.*--rebuild"):
        reindex(index, Model())
    assert index.chunks(stored.id) == stored.chunks


def test_searches_go_on_and_never_mix_generations(place, document):
    """Each search sees one generation whole, with the encoder that made it."""
    index = place.open()
    fill(index, document)
    current = [Retriever(Former(), index)]
    stop = threading.Event()
    used = []

    def look(thread):
        count = 0
        while not stop.is_set():
            retriever = current[0]
            text = f"{count % 6} text {count % 20}"
            mode = ("dense", "hybrid")[count % 2]
            (hit,) = retriever.retrieve(text, 1, mode=mode)
            assert (hit.chunk.text, hit.score) == (text, about(retriever.index, 1)), (
                retriever.model.id
            )
            assert retriever.index.info().chunks == 120
            used.append(retriever.model.id.name)
            count += 1
        return count

    opened = [index]
    with ThreadPoolExecutor(2) as pool:
        looking = [pool.submit(look, n) for n in range(2)]
        try:
            for turn in range(4):
                model = Model() if turn % 2 == 0 else Former()
                new = reindex(current[0].index, model)
                opened.append(new)
                current[0] = Retriever(model, new)
        finally:
            stop.set()
        assert all(each.result() for each in looking)
    assert {"model", "other"} <= set(used)
    for each in opened:
        each.close()
    place.open().close()


def test_an_index_is_copied_to_another_place(place, document, tmp_path, stand_in):
    with place.open() as index:
        stored = fill(index, document, documents=3)
        for target in (tmp_path / "copy", f"{stand_in.url}#copy"):
            assert migrate(index, target) == 60
            with open_index(target, index.encoder) as copy:
                for each in stored:
                    assert copy.chunks(each.id) == each.chunks
                    assert copy.vectors(each.id) == pytest.approx(
                        each.vectors, abs=max(step(index), step(copy))
                    )
                (hit,) = Retriever(Former(), copy).retrieve("1 text 3", 1)
                assert hit.chunk.text == "1 text 3"
            with pytest.raises(RetrieverError, match="has 3 documents already"):
                migrate(index, target)


def test_an_index_is_not_copied_onto_itself(tmp_path, document):
    with open_index(tmp_path / "index", Former.id) as index:
        fill(index, document)
        with pytest.raises(RetrieverError, match="is the one to copy; give another"):
            migrate(index, tmp_path / "index")


def test_opening_what_is_there_makes_nothing(tmp_path, stand_in, client):
    for address in (tmp_path / "none", stand_in.url):
        with pytest.raises(RetrieverError, match="There is no index at"):
            open_present(address)
    assert not (tmp_path / "none").exists()
    assert client.get_collections().collections == []
    with open_index(tmp_path / "index", Former.id) as index:
        index.delete_documents([document_id("/x")])
    with open_present(tmp_path / "index") as index:
        assert index.encoder == Former.id
