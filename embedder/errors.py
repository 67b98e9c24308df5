"""Errors that a user may meet; `str(error)` is the one line to print.

    DuetError
    ├── CheckpointError       a model's files
    ├── NotUnicodeError       also a ValueError: a text
    ├── TextTooLongError      also a ValueError: a text for the encoder
    ├── PromptTooLongError    also a ValueError: a prompt for the language model
    ├── ReplyError            a reply of a language model elsewhere
    ├── DataError             a file of texts to train or to measure on
    ├── TrainingError         a training
    └── EvaluationError       a measurement

The packages above add their own branches to `DuetError`. A text begins lower-case, names what it is
about, and says what was expected, what came, and what to do.
"""


class DuetError(Exception):
    """Base of every error of this project that is meant for a user to read.

    The text says what was expected, what came, and what to do. Command lines print it and exit;
    anything that is not a `DuetError` is a bug and keeps its traceback.
    """


class CheckpointError(DuetError):
    """A checkpoint is missing, damaged, or cannot be read; the text names the file."""


class NotUnicodeError(DuetError, ValueError):
    """A text has half of a surrogate pair, as strings do that were decoded from broken bytes."""


class TextTooLongError(DuetError, ValueError):
    """A text is longer than the encoder accepts, and truncation was not asked for."""


class PromptTooLongError(DuetError, ValueError):
    """A prompt with its answer would not fit into the language model's context window."""


class ReplyError(DuetError):
    """A reply does not come, or breaks off, where another program writes it."""


class DataError(DuetError):
    """Texts to train or to measure on cannot be used; the text names the file, and the line."""


class TrainingError(DuetError):
    """A training cannot start or go on; the text says what to do, and nothing was overwritten."""


class EvaluationError(DuetError):
    """A measurement cannot be made: a package is missing, or a model gives no numbers."""
