"""A map of the collection: each passage a point, and a question among those that it finds.

Beside it stands what the model expects an answer to say: the text that it decodes from the
question's embedding, by which the passages are found.
"""

import html
from collections import Counter
from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import altair as alt
import streamlit as st

from app.library.projection import Layout, Projection
from app.location import file_name, location
from app.page import markup
from app.runtime import Runtime
from retriever import Chunk, Hit

_LAYOUTS: dict[Layout, str] = {"direction": "By direction", "neighbour": "By neighbour"}
_COLOURED = 9  # documents with a colour of their own
_ASKED = "#d9601a"  # the question, and round what it finds
_LEGEND_COLUMNS = 2  # as many as a phone has room for
_LEGEND_LABEL = 155  # pixels
_OTHERS = "other documents"
_TIP = 240  # characters of a passage that show under the pointer
_BEGINNING = 90  # characters of a passage that show in the list
_FOUND = 6  # passages that a question leads to
_EXPECTED_TOKENS = 48


def show_map(runtime: Runtime) -> None:
    """Draw the page."""
    st.html('<h1 class="duet-name">Map</h1>')
    with runtime.suggestions.paused():
        with st.spinner("Laying the passages out …"):
            projection = runtime.library.projection(_chosen_layout())
        if projection is None:
            st.caption("A map wants three passages at least: add documents first.")
            return
        question = (st.text_input("Where does a question lead?", key="map-question") or "").strip()
        hits: list[Hit] = []
        if question:
            hits = runtime.retriever.retrieve(question, _FOUND)
        st.altair_chart(_chart(projection, question, hits, runtime), width="stretch")
    documents = len({chunk.document_id for chunk in projection.chunks})
    told = "The diamond is the question, rings are round what it finds. " if question else ""
    st.caption(
        f"{told}{markup.passages(len(projection.chunks))} of {markup.documents(documents)}. Near "
        f"means alike to the model: of the passages most alike to one, {projection.kept:.0%} are "
        "near it here."
    )
    st.radio(
        "Laid out",
        list(_LAYOUTS),
        format_func=_LAYOUTS.get,
        horizontal=True,
        key="map-layout",
        help="By direction is quick. By neighbour takes seconds, and has more of what is alike "
        "side by side; how far apart groups lie means nothing there.",
    )
    if question:
        _show_expected(question, hits, runtime)


def _chosen_layout() -> Layout:
    return st.session_state.get("map-layout", "direction")


def _show_expected(question: str, hits: Sequence[Hit], runtime: Runtime) -> None:
    expected, found = st.columns(2)
    with expected:
        st.html('<h2 class="duet-name">What the model expects</h2>')
        text = html.escape(_expected(question, runtime) or "nothing in words")
        st.html(f'<div class="duet-snippet">{text}</div>')
        st.caption(
            "Written from the question's embedding alone, without your documents: often wrong, and "
            "never an answer. It shows what kind of passage is looked for."
        )
    with found:
        st.html('<h2 class="duet-name">What it finds</h2>')
        items = "".join(map(_item, hits))
        st.html(f'<ol class="duet-places">{items}</ol>' if items else "<p>Nothing.</p>")


def _expected(question: str, runtime: Runtime) -> str:
    """What is decoded, once for each question; with a sign where it ends in mid-sentence."""
    asked, text = st.session_state.get("map-expected", ("", ""))
    if asked != question:
        with st.spinner("Decoding the question's embedding …"), runtime.suggestions.paused():
            model = runtime.retriever.model
            text = model.decode(question, max_new_tokens=_EXPECTED_TOKENS).text.strip()
        st.session_state["map-expected"] = (question, text)
    return f"{text} …" if text and text[-1] not in ".!?" else text


def _item(hit: Hit) -> str:
    begins = shorten(hit.chunk.text, _BEGINNING, placeholder=" …")
    return (
        f"<li>{html.escape(location(hit.chunk))}"
        f'<div class="duet-dim">{html.escape(begins)}</div></li>'
    )


def _chart(
    projection: Projection, question: str, hits: Sequence[Hit], runtime: Runtime
) -> "alt.LayerChart | alt.FacetChart":
    groups = _groups(projection.chunks)
    rows = [
        _row(chunk, point, groups)
        for chunk, point in zip(projection.chunks, projection.points.tolist(), strict=True)
    ]
    names = [*dict.fromkeys(groups.values())]
    names.sort(key=lambda name: (name == _OTHERS, name))
    room: Any = {
        "axis": alt.Axis(labels=False, ticks=False, title=None, grid=False, domain=False),
        "scale": alt.Scale(zero=False, nice=False, padding=16),
    }
    base = alt.Chart().encode(
        x=alt.X("x:Q", **room), y=alt.Y("y:Q", **room), tooltip=["place:N", "text:N"]
    )
    legend = alt.Legend(
        title=None, orient="bottom", columns=_LEGEND_COLUMNS, labelLimit=_LEGEND_LABEL
    )
    points = base.mark_circle(size=54, opacity=0.8).encode(
        color=alt.Color("document:N", sort=names, legend=legend)
    )
    layers = [points.properties(data=_data(rows))]
    if question:
        layers += _question_layers(base, projection, question, hits, runtime)
    return alt.layer(*layers).properties(height=480).interactive()


def _question_layers(
    base: alt.Chart, projection: Projection, question: str, hits: Sequence[Hit], runtime: Runtime
) -> list[alt.Chart]:
    model, index = runtime.retriever.model, runtime.retriever.index
    found = [hit.chunk for hit in hits]
    rings = [
        _row(chunk, point, {})
        for chunk, point in zip(
            found, projection.place(index.vectors_of(found)).tolist() if found else [], strict=True
        )
    ]
    ((x, y),) = projection.place(model.encode_queries([question])).tolist()
    asked: list[dict[str, object]] = [
        {"x": x, "y": y, "place": "the question", "text": question, "document": ""}
    ]
    ring = base.mark_point(size=150, strokeWidth=2, color=_ASKED).properties(data=_data(rings))
    star = base.mark_point(size=420, filled=True, opacity=1, color=_ASKED, shape="diamond")
    return [ring, star.properties(data=_data(asked))]


def _groups(chunks: Sequence[Chunk]) -> dict[str, str]:
    """The name that a document's points are coloured by: its own, for those with most passages."""
    counted = Counter(chunk.source for chunk in chunks)
    named = {source for source, _ in counted.most_common(_COLOURED)}
    return {source: file_name(source) if source in named else _OTHERS for source in counted}


def _row(chunk: Chunk, point: Sequence[float], groups: dict[str, str]) -> dict[str, object]:
    return {
        "x": point[0],
        "y": point[1],
        "document": groups.get(chunk.source, ""),
        "place": location(chunk),
        "text": shorten(chunk.text, _TIP, placeholder=" …"),
    }


def _data(rows: list[dict[str, object]]) -> alt.Data:
    return alt.Data(values=rows)
