"""The conversations in the sidebar: begun, found again, and opened."""

import streamlit as st

from app.access.gatekeeper import COOKIE
from app.conversations import Conversation
from app.page import markup
from app.runtime import Runtime

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


def conversation_list(runtime: Runtime, current: Conversation | None) -> None:
    """Draw it, newest first.

    Args:
        runtime: Keeps them.
        current: The one that is shown.
    """
    st.button(
        "New conversation",
        icon=":material/add:",
        width="stretch",
        on_click=open_conversation,
        args=(None,),
    )
    owner = visitor(runtime)
    words = st.text_input("Search conversations", key="search", icon=":material/search:") or ""
    listed = runtime.conversations.listed(owner, words)
    if not listed:
        st.caption("None has these words." if words.strip() else "No conversation yet.")
    with st.container(key="conversations", gap=None):
        for conversation in listed:
            is_current = current is not None and conversation.id == current.id
            st.button(
                markup.label(conversation.name),
                key=f"open-{conversation.id}",
                type="secondary" if is_current else "tertiary",
                width="stretch",
                on_click=open_conversation,
                args=(conversation.id,),
            )
