"""The conversations in the sidebar of every page: begun, found again, and opened."""

from typing import TYPE_CHECKING

import streamlit as st

from app.access.gatekeeper import COOKIE
from app.conversations import Conversation
from app.page import markup
from app.runtime import Runtime

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

PARAMETER = "conversation"
"""Of the page's URL."""


def opened(runtime: Runtime) -> Conversation | None:
    """The conversation that the URL names; the reader is told where it is gone, or not theirs."""
    identity = st.query_params.get(PARAMETER)
    if not identity:
        return None
    conversation = runtime.conversations.get(identity)
    if conversation is None or conversation.owner != visitor(runtime):
        st.warning("This conversation is not here: it was deleted, or its address is wrong.")
        return None
    return conversation


def open_conversation(identity: str | None) -> None:
    """Have the page show a conversation, or an empty one."""
    if identity is None:
        st.query_params.pop(PARAMETER, None)
    else:
        st.query_params[PARAMETER] = identity


def visitor(runtime: Runtime) -> str:
    """The name of the key that this browser has shown; empty where there is none."""
    if runtime.keys is None:
        return ""
    return runtime.keys.holder(st.context.cookies.get(COOKIE, "")) or ""


def conversation_list(runtime: Runtime, chat: "StreamlitPage") -> None:
    """Draw it, newest first.

    Args:
        runtime: Keeps them.
        chat: The page that shows them.
    """
    if st.button(
        "New conversation", key="new-conversation", icon=":material/add:", width="stretch"
    ):
        st.switch_page(chat)
    owner = visitor(runtime)
    words = st.session_state.get("search", "")
    listed = runtime.conversations.listed(owner, words)
    if not (listed or words):
        return
    st.text_input(
        "Search conversations",
        key="search",
        icon=":material/search:",
        placeholder="Search conversations",
        label_visibility="collapsed",
    )
    if not listed:
        st.caption("None has these words.")
    current = st.query_params.get(PARAMETER)
    with st.container(key="conversations", gap=None):
        for conversation in listed:
            if st.button(
                markup.label(conversation.name),
                key=f"open-{conversation.id}",
                type="secondary" if conversation.id == current else "tertiary",
                width="stretch",
            ):
                st.switch_page(chat, query_params={PARAMETER: conversation.id})
