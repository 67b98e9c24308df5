"""The error of this package."""

from embedder.errors import DuetError


class EvaluationError(DuetError):
    """A measurement cannot be made: a package is missing, or a model gives no numbers."""


def not_installed(what: str, package: str, instead: str = "") -> EvaluationError:
    """The error for a package that only the evaluation needs; `instead` is another way out."""
    msg = f"{what} is not installed: pip install {package}"
    return EvaluationError(f"{msg}, or {instead}" if instead else msg)
