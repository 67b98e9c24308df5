"""What is set, by whom, and what it costs; what can be changed here counts in this browser."""

import html
from dataclasses import replace

import streamlit as st

from app.answering import DEFAULT_POLICY, Policy
from app.page import markup
from app.runtime import Runtime
from app.settings import Settings
from retriever import Mode

_MODES: dict[Mode, str] = {
    "hybrid": "By meaning and by words",
    "dense": "By meaning only",
    "lexical": "By words only",
}
_MOST = 20  # passages


def chosen_policy() -> Policy:
    """What this browser's reader has chosen for the next questions."""
    return st.session_state.get("policy", DEFAULT_POLICY)


def show_settings(runtime: Runtime) -> None:
    """Draw the page."""
    st.html('<h1 class="duet-name">Settings</h1>')
    _show_choices()
    st.html(_table("This server", _server_rows(runtime)))
    st.html(_table("When an answer is believed", _threshold_rows()))
    st.caption("What the server was started with is changed by starting it anew.")


def _show_choices() -> None:
    policy = chosen_policy()
    modes = list(_MODES)
    st.html('<h2 class="duet-name">For your next questions, in this browser</h2>')
    mode = st.radio(
        "Search",
        modes,
        index=modes.index(policy.mode),
        format_func=_MODES.get,
        horizontal=True,
        help="By words alone is quick, and right for codes and names; by meaning alone finds "
        "paraphrases. Both at once find most.",
    )
    k = st.slider(
        "Passages that are read for an answer",
        1,
        _MOST,
        min(policy.k, _MOST),
        help="The bundled model reads one in a third of a second on two cores.",
    )
    st.session_state["policy"] = replace(policy, mode=mode, k=k)


def _server_rows(runtime: Runtime) -> list[tuple[str, str, str, str]]:
    model, settings = runtime.retriever.model, runtime.settings
    info = runtime.retriever.index.info()
    keys = ", ".join(runtime.keys.names) if runtime.keys else "none"
    return [
        (
            "Model",
            str(model.id),
            settings.model.origin,
            "Another one makes another index: ingest with --rebuild.",
        ),
        (
            "Window",
            f"{model.context_tokens:,} tokens; passages of {model.max_tokens:,} at most",
            "the model",
            "What does not fit is left out, and said.",
        ),
        (
            "Index",
            f"{info.address}: {info.documents:,} documents, {info.chunks:,} passages",
            settings.index.origin,
            "A folder is one process's; a Qdrant server is for several.",
        ),
        ("Keys", keys, settings.keys.origin, "Beyond this machine one is needed."),
        *_generation_rows(settings),
    ]


def _generation_rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    url, name, key = settings.generation_url, settings.generation_model, settings.generation_key
    if not url.value:
        return [
            (
                "Answers",
                "written by the model",
                url.origin,
                "Another server may: DUET_GENERATION_URL.",
            )
        ]
    return [
        (
            "Answers",
            f"written at {url.value}",
            url.origin,
            "Each question and the passages found for it are sent there; what comes back is "
            "checked here.",
        ),
        ("Its model", name.value or "the only one there", name.origin, "Writes, and no more."),
        ("Its key", "***" if key.value else "none", key.origin, "Is sent to that server alone."),
    ]


def _threshold_rows() -> list[tuple[str, str, str, str]]:
    policy = DEFAULT_POLICY
    return [
        (
            "Nearest passage",
            "measured on the collection",
            "default",
            "Below it the question is refused before the model is asked.",
        ),
        (
            "Sureness",
            f"{policy.min_sureness:g}",
            "default",
            "Higher: fewer answers in the model's words, and fewer wrong ones.",
        ),
        (
            "Quote",
            f"{policy.min_quote:g}",
            "default",
            "Least nearness of a sentence that is quoted instead.",
        ),
        (
            "Longest answer",
            f"{policy.max_new_tokens:,} tokens, {policy.max_seconds:g} s",
            "default",
            "What is written by then stays.",
        ),
    ]


def _table(title: str, rows: list[tuple[str, str, str, str]]) -> str:
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Setting", "Value", "Set by", "What it means")
    )
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<h2 class="duet-name">{markup.label(title)}</h2><div class="duet-settings-room">'
        f'<table class="duet-found duet-settings"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
