"""What is said of packages that only the evaluation needs."""

from embedder.errors import EvaluationError


def not_installed(what: str, package: str, instead: str = "") -> EvaluationError:
    """The error for a package that only the evaluation needs; `instead` is another way out."""
    msg = f"{what} is not installed: pip install {package}"
    return EvaluationError(f"{msg}, or {instead}" if instead else msg)
