"""The page. Streamlit runs this file from the top for every interaction of every visitor."""

import streamlit as st

from app.page import markup
from app.page.chat import show_chat
from app.page.style import ICON, STYLE
from app.runtime import shared
from embedder.errors import DuetError


def main() -> None:
    """Draw the page for one run of the script."""
    st.set_page_config(page_title="Duet", page_icon=ICON, layout="centered")
    st.html(STYLE)
    runtime = shared()
    try:
        with st.spinner("Opening the model and the index …"):
            runtime.documents()
    except DuetError as error:
        st.error(markup.label(str(error)))
        st.button("Try again")
        return
    try:
        show_chat(runtime)
    except DuetError as error:  # of the file of conversations
        st.error(markup.label(str(error)))


if __name__ == "__main__":
    main()
