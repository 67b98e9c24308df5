"""The sidebar of the chat page: conversations, adding files, and what is indexed."""

from collections.abc import Sequence

import streamlit as st

from app.conversations import Conversation
from app.page import markup
from app.page.conversation_list import conversation_list
from app.page.uploads import show_uploads
from app.runtime import Runtime
from retriever import DocumentRecord


def sidebar(
    runtime: Runtime, documents: Sequence[DocumentRecord], conversation: Conversation | None
) -> None:
    """Draw the sidebar beside a conversation."""
    with st.sidebar:
        st.title("Duet")
        conversation_list(runtime, conversation)
        show_uploads(runtime)
        count = len(documents)
        with st.expander(f"Documents ({count:,})", expanded=0 < count <= 12):
            if documents:
                st.html(markup.documents_html(documents))
            else:
                st.caption("None yet.")
        st.caption(f"Model: {markup.label(runtime.retriever.model.id.name)}")
        if server := runtime.settings.generation_url.value:
            st.caption(
                f"Answers are written at {markup.label(server)}, which is sent your questions and "
                "the passages found."
            )
