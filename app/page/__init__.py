"""The chat page: Streamlit runs `main.py` for every interaction of every visitor."""
