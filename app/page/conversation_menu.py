"""What can be done with a whole conversation: renamed, taken away, deleted."""

import re
from collections.abc import Sequence

import streamlit as st

from app.conversations import Conversation, Turn
from app.conversations.export import to_json, to_markdown
from app.page import markup
from app.page.conversation_list import open_conversation
from app.runtime import Runtime


def conversation_menu(runtime: Runtime, conversation: Conversation, turns: Sequence[Turn]) -> None:
    """Draw the conversation's name, and a menu beside it."""
    with st.container(horizontal=True, vertical_alignment="center", key="conversation-menu"):
        st.html(markup.name_html(conversation.name), width="stretch")
        with st.popover("Conversation", icon=":material/more_horiz:", type="tertiary"):
            if st.button("Rename …", icon=":material/edit:", type="tertiary"):
                _rename(runtime, conversation)
            name = re.sub(r"[^\w-]+", "-", conversation.name).strip("-") or "conversation"
            for kind, suffix, write in (
                ("Markdown", "md", to_markdown),
                ("JSON", "json", to_json),
            ):
                st.download_button(
                    f"Download {kind}",
                    write(conversation, turns),
                    f"{name}.{suffix}",
                    on_click="ignore",
                    icon=":material/download:",
                    type="tertiary",
                )
            if st.button("Delete …", icon=":material/delete:", type="tertiary"):
                _delete(runtime, conversation)


@st.dialog("Rename the conversation")
def _rename(runtime: Runtime, conversation: Conversation) -> None:
    with st.form("rename", border=False):
        name = st.text_input("Name", conversation.name, max_chars=60)
        if st.form_submit_button("Rename", type="primary"):
            runtime.conversations.rename(conversation.id, name)
            st.rerun()


@st.dialog("Delete this conversation?")
def _delete(runtime: Runtime, conversation: Conversation) -> None:
    st.markdown(f"“{markup.label(conversation.name)}” will be gone for good.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary"):
            runtime.desk.delete(conversation.id)
            open_conversation(None)
            st.rerun()
        if st.button("Keep"):
            st.rerun()
