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

_SHOWN = 40  # passages at a time


def show_documents(runtime: Runtime) -> None:
    """Draw the page."""
    documents = runtime.library.documents()
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
    _show_table(found, runtime)
    names = places(found)
    opened = st.selectbox(
        "Open a document",
        [record.source for record in found],
        index=None,
        key="open",
        format_func=names.__getitem__,
        placeholder="Choose one, or type a part of its name",
    )
    record = next((record for record in found if record.source == opened), None)
    if record is not None:
        _show_document(record, runtime)


def _show_table(records: Sequence[DocumentRecord], runtime: Runtime) -> None:
    def open_chosen() -> None:
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
        on_select=open_chosen,
        selection_mode="single-cell",
    )


def _show_document(record: DocumentRecord, runtime: Runtime) -> None:
    chunks = runtime.retriever.index.chunks(record.document_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(markup.document_html(record, runtime.tickets.issue), width="stretch")
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
