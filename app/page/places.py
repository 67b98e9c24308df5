"""Where to look: all documents, or chosen folders and files."""

import os.path
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import streamlit as st

from app.location import file_name
from app.page import markup
from retriever import DocumentRecord

_CHOICE = 2  # places at least


def choose_places(places: Mapping[str, str], key: str, before: Iterable[str]) -> None:
    """Draw the choice, where there is one; nothing chosen is everything.

    Args:
        places: Paths and what they are called: `places`.
        key: Of the choice in the session's state.
        before: What was chosen last.
    """
    if len(places) < _CHOICE:
        return
    chosen: Sequence[str] = st.session_state.get(key, before)
    # A path that is no longer indexed cannot be chosen.
    st.session_state[key] = [path for path in chosen if path in places]
    st.multiselect(
        "Answer from",
        list(places),
        format_func=lambda path: places.get(path, path),
        key=key,
        placeholder="Answer from all documents",
        label_visibility="collapsed",
    )


def places(documents: Sequence[DocumentRecord]) -> dict[str, str]:
    """What can be chosen, folders first: path to name.

    A folder is one that holds several of the documents and not all. A name is as short as tells
    documents apart.
    """
    sources = [record.source for record in documents]
    if not sources:
        return {}
    root = os.path.commonpath([PurePosixPath(source).parent for source in sources])
    below = Counter(
        parent.as_posix()
        for source in sources
        for parent in PurePosixPath(source).parents
        if parent.is_relative_to(root) and parent.as_posix() != root
    )
    folders = {
        folder: f"{PurePosixPath(folder).relative_to(root)}/ ({count:,})"
        for folder, count in sorted(below.items())
        if count > 1
    }
    same = Counter(map(file_name, sources))
    names = {
        source: file_name(source)
        if same[file_name(source)] == 1
        else str(PurePosixPath(source).relative_to(root))
        for source in sources
    }
    return folders | names


def places_told(paths: Sequence[str]) -> str:
    """What a question was limited to, for a caption."""
    return markup.label("In " + ", ".join(map(file_name, paths)))
