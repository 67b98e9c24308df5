"""From a question to an answer whose every sentence was checked; knows no user interface."""
