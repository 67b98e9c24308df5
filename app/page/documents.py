"""The page of everything that is indexed: looked through, opened, and taken out again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import streamlit as st

from app.location import file_name, file_type
from app.page import markup
from app.page.document_markup import passages_html
from app.page.places import places
from app.page.uploads import show_uploads
from app.runtime import Runtime
from embedder.errors import DuetError
from retriever import DocumentRecord

PARAMETER = "document"
"""Of the page's URL: the id of the document that is open."""
_SHOWN = 40  # passages at a time


def show_documents(runtime: Runtime) -> None:
    """Draw the page: all documents, or the one that the URL names."""
    documents = runtime.library.documents()
    identity = st.query_params.get(PARAMETER)
    opened = next((record for record in documents if record.document_id == identity), None)
    if opened is not None:
        _show_document(opened, runtime)
        return
    if identity:
        st.warning("This document is not here: it was removed, or its address is wrong.")
    _show_all(documents, runtime)


def _show_all(documents: Sequence[DocumentRecord], runtime: Runtime) -> None:
    st.html('<h1 class="duet-name">Documents</h1>')
    told = st.session_state.pop("removed", None)
    if told:
        st.success(markup.label(told))
    with st.expander("Add documents", icon=":material/upload_file:", expanded=not documents):
        show_uploads(runtime, folders=True)
    if not documents:
        st.caption("Nothing is indexed yet. Add files here, or run python -m ingest.")
        return
    found = runtime.library.found(st.text_input("Search documents", icon=":material/search:") or "")
    passages = markup.passages(sum(record.chunks for record in found))
    of = f"{len(found):,} of " if len(found) < len(documents) else ""
    st.caption(f"{of}{markup.documents(len(documents))}, {passages}")
    if not found:
        return
    names = places(found)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(
            "Read a document",
            [record.source for record in found],
            index=None,
            key="open",
            format_func=names.__getitem__,
            placeholder="Choose one here or in the table",
        )
        chosen = next((record for record in found if record.source == source), None)
        st.button("Read", on_click=_open, args=(chosen,), disabled=chosen is None)
    _show_table(found, runtime)


def _open(record: DocumentRecord | None) -> None:
    """Have the page show a document, or all."""
    if record is None:
        st.query_params.pop(PARAMETER, None)
    else:
        st.query_params[PARAMETER] = record.document_id


def _show_table(records: Sequence[DocumentRecord], runtime: Runtime) -> None:
    def choose() -> None:  # and no more: Tab selects a cell on its way, too
        for row, _ in st.session_state["table"]["selection"]["cells"]:
            st.session_state["open"] = records[row].source

    st.dataframe(
        {
            "Document": [file_name(record.source) for record in records],
            "Type": [file_type(record.media_type) for record in records],
            "Passages": [record.chunks for record in records],
            "Changed": [_changed(record) for record in records],
            "kB": [record.size / 1000 for record in records],
            "Folder": [_folder(record, runtime) for record in records],
        },
        column_config={
            "Changed": st.column_config.DateColumn(format="iso8601"),
            "kB": st.column_config.NumberColumn(format="%.1f"),
        },
        hide_index=True,
        height=min(38 + 35 * len(records), 420),
        key="table",
        on_select=choose,
        selection_mode="single-cell",
    )


def _show_document(record: DocumentRecord, runtime: Runtime) -> None:
    chunks = runtime.retriever.index.chunks(record.document_id)
    st.button(
        "All documents",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=_open,
        args=(None,),
    )
    st.html(markup.document_html(record))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(markup.file_html(record, runtime.tickets.issue), width="content")
        if Path(record.source).exists():
            st.button(
                "Index again",
                icon=":material/refresh:",
                type="tertiary",
                on_click=_index_again,
                args=(record, runtime),
            )
        if st.button("Remove …", icon=":material/delete:", type="tertiary"):
            _remove(record, runtime)
    first = 0
    if len(chunks) > _SHOWN:
        starts = range(0, len(chunks), _SHOWN)
        first = st.select_slider(
            "Passages", starts, format_func=lambda start: f"{start + 1:,}", key=record.document_id
        )
    st.html(passages_html(chunks[first : first + _SHOWN]))


def _index_again(record: DocumentRecord, runtime: Runtime) -> None:
    job = runtime.library.index_again(record)
    st.session_state.setdefault("jobs", []).append(job.id)


@st.dialog("Remove this document?")
def _remove(record: DocumentRecord, runtime: Runtime) -> None:
    name = markup.label(file_name(record.source))
    if runtime.library.is_upload(record):
        st.markdown(f"{name} was added on the page: the file will be deleted, too.")
    else:
        st.markdown(f"{name} will not be found any more. The file stays; ingest adds it again.")
    with st.container(horizontal=True):
        if st.button("Remove", type="primary"):
            try:
                runtime.library.remove(record)
            except DuetError as error:
                st.error(markup.label(str(error)))
                return
            st.session_state["removed"] = f"{file_name(record.source)} is removed."
            _open(None)
            st.rerun()
        if st.button("Keep"):
            st.rerun()


def _folder(record: DocumentRecord, runtime: Runtime) -> str:
    """Where its file lies, if that was not chosen by us."""
    if runtime.library.is_upload(record):
        return "added on the page"
    return str(PurePosixPath(record.source).parent)


def _changed(record: DocumentRecord) -> datetime:
    return datetime.fromtimestamp(record.modified_ns // 10**9, UTC)
