"""The page. Streamlit runs this file from the top for every interaction of every visitor."""

import hmac

import streamlit as st

from app.page import markup
from app.page.chat import show_chat
from app.page.style import ICON, STYLE
from app.runtime import Runtime, shared
from embedder.errors import DuetError


def main() -> None:
    """Draw the page for one run of the script."""
    st.set_page_config(page_title="Duet", page_icon=ICON, layout="centered")
    st.html(STYLE)
    runtime = shared()
    if not _admitted(runtime):
        return
    try:
        with st.spinner("Opening the model and the index …"):
            runtime.documents()
    except DuetError as error:
        st.error(markup.label(str(error)))
        st.button("Try again")
        return
    show_chat(runtime)


def _admitted(runtime: Runtime) -> bool:
    """Whether the visitor may see the page: a server with an access key asks for it."""
    if runtime.access_key is None or st.session_state.get("admitted"):
        return True
    st.subheader("This server needs a key")
    given = st.text_input("Access key", type="password")
    if not given:
        return False
    if hmac.compare_digest(given.encode(), runtime.access_key.encode()):
        st.session_state["admitted"] = True
        st.rerun()
    st.error("That is not the key.")
    return False


if __name__ == "__main__":
    main()
