"""The chat page's part of the sidebar: adding files, and what is indexed."""

from collections.abc import Sequence

import streamlit as st

from app.page import markup
from app.page.uploads import show_uploads
from app.runtime import Runtime
from retriever import DocumentRecord

_FEW = 12  # documents, which are listed at once


def sidebar(runtime: Runtime, documents: Sequence[DocumentRecord]) -> None:
    """Draw it beside a conversation."""
    with st.sidebar:
        show_uploads(runtime)
        with st.expander(f"Documents ({len(documents):,})", expanded=len(documents) <= _FEW):
            st.html(markup.documents_html(documents))
        if server := runtime.settings.generation_url.value:
            st.caption(
                f"Answers are written at {markup.label(server)}, which is sent your questions and "
                "the passages found."
            )
