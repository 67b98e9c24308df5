"""The sidebar of the chat page: conversations, adding files, and what is indexed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.conversations import Conversation
from app.page import markup
from app.page.conversation_list import conversation_list
from app.runtime import KEPT, Runtime
from embedder.errors import DuetError
from retriever import DocumentRecord

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


def sidebar(
    runtime: Runtime, documents: Sequence[DocumentRecord], conversation: Conversation | None
) -> None:
    """Draw the sidebar beside a conversation."""
    with st.sidebar:
        st.title("Duet")
        conversation_list(runtime, conversation)
        _upload(runtime)
        count = len(documents)
        with st.expander(f"Documents ({count:,})", expanded=0 < count <= 12):
            if documents:
                st.html(markup.documents_html(documents))
            else:
                st.caption("None yet.")
        st.caption(f"Model: {markup.label(runtime.retriever.model.id.name)}")


def _upload(runtime: Runtime) -> None:
    # A new key is a new, empty uploader: what was taken is not taken again by the next run.
    generation: int = st.session_state.setdefault("uploads", 0)
    files = st.file_uploader("Add files", accept_multiple_files=True, key=f"upload-{generation}")
    if files:
        with st.spinner("Indexing …"):
            st.session_state["uploaded"] = [_add(runtime, file) for file in files]
        st.session_state["uploads"] = generation + 1
        st.rerun()
    for good, line in st.session_state.pop("uploaded", []):
        text = markup.label(line)
        st.caption(f":material/check: {text}") if good else st.error(text)


def _add(runtime: Runtime, file: "UploadedFile") -> tuple[bool, str]:
    """Index one file; whether that went well, and a line that says so."""
    try:
        report = runtime.add_upload(file.name, file.getvalue())
    except DuetError as error:
        return False, f"{file.name}: {error}"
    entry = report.entries[0]
    if entry.outcome not in KEPT:
        return False, f"{file.name}: {entry.outcome}, {entry.detail}"
    return True, f"{file.name}: {entry.outcome}"
