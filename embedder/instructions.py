"""The instructions in front of what is embedded, as LLM2Vec-Gen publishes them."""

QUERY = "Generate a passage that best answers this question: "
DOCUMENT = "Summarize the following passage: "


def with_title(text: str, title: str) -> str:
    """A passage as it is embedded: its title, if it has one, on a line of its own in front."""
    return f"{title}\n{text}" if title else text
