"""The page. Streamlit runs this file from the top for every interaction of every visitor."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.page import markup
from app.page.chat import show_chat
from app.page.conversation_list import conversation_list
from app.page.documents import show_documents
from app.page.map import show_map
from app.page.script import SCRIPT
from app.page.settings import show_settings
from app.page.style import ICON, LOGO, STYLE
from app.runtime import Runtime, shared
from embedder.errors import DuetError


def main() -> None:
    """Draw the page for one run of the script."""
    st.set_page_config(page_title="Duet", page_icon=ICON, layout="centered")
    st.logo(LOGO, size="large", icon_image=ICON)
    st.html(STYLE)
    st.html(SCRIPT, unsafe_allow_javascript=True)
    runtime = shared()
    try:
        with st.spinner("Opening the model and the index …"):
            runtime.library.documents()
    except DuetError as error:
        st.error(markup.label(str(error)))
        st.button("Try again")
        return
    pages = [
        st.Page(
            partial(_show, show_chat, runtime),
            title="Chat",
            icon=":material/chat:",
            url_path="chat",
            default=True,
        ),
        st.Page(
            partial(_show, show_documents, runtime),
            title="Documents",
            icon=":material/folder_open:",
            url_path="documents",
        ),
        st.Page(
            partial(_show, show_map, runtime),
            title="Map",
            icon=":material/scatter_plot:",
            url_path="map",
        ),
        st.Page(
            partial(_show, show_settings, runtime),
            title="Settings",
            icon=":material/tune:",
            url_path="settings",
        ),
    ]
    page = st.navigation(pages)
    with st.sidebar:
        _show(partial(conversation_list, chat=pages[0]), runtime)
    page.run()


def _show(show: Callable[[Runtime], None], runtime: Runtime) -> None:
    try:
        show(runtime)
    except DuetError as error:  # of the file of conversations, or of the index
        st.error(markup.label(str(error)))


if __name__ == "__main__":
    main()
