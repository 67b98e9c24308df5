import numpy as np
import pytest

from app.library.projection import project
from retriever import open_index
from tests.app.fakes import ScriptedModel, chunk

TOPICS = "barn harbour orchard library quarry bakery stable chapel tower mill".split()


@pytest.fixture
def index(tmp_path):
    """Ten topics of eight passages each: more groups than two directions tell apart."""
    model = ScriptedModel()
    with open_index(tmp_path / "index", model.id) as index:
        for topic in TOPICS:
            texts = [f"{topic} {topic} {topic} number{n}" for n in range(8)]
            chunks = [
                chunk(text, source=f"/docs/{topic}.md", position=n) for n, text in enumerate(texts)
            ]
            index.replace_document(chunks, model.encode_documents(texts))
        yield index


def test_by_neighbour_more_of_what_is_alike_lies_near(index):
    direction, neighbour = project(index, "direction"), project(index, "neighbour")
    assert 0 < direction.kept < neighbour.kept <= 1


@pytest.mark.parametrize("layout", ["direction", "neighbour"])
def test_a_question_lies_where_its_topic_does(index, layout):
    projection = project(index, layout)
    ((x, y),) = projection.place(ScriptedModel().encode_queries(["quarry"]))
    nearest = np.argsort(np.hypot(*(projection.points - (x, y)).T))[:3]
    topics = {projection.chunks[place].source for place in nearest}
    assert "/docs/quarry.md" in topics
