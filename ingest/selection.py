"""Which files a person wants: patterns as in `.gitignore`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.base import GitIgnorePatternError

from ingest.errors import InputError

_RULES = ".gitignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is read of the given folders; files that are given themselves are read in any case.

    Attributes:
        include: Patterns of files, relative to the given folder; none stand for all files.
        exclude: Patterns of files and folders that are left out.
        gitignore: Whether the `.gitignore` files in the folders are obeyed, too.
        may_empty: Whether a folder without any file may lose all that is indexed of it; a drive
            that is not mounted looks like that.

    Raises:
        InputError: A pattern is none.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    gitignore: bool = False
    may_empty: bool = False
    _included: GitIgnoreSpec = field(init=False)
    _excluded: GitIgnoreSpec = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_included", _spec(self.include))
        object.__setattr__(self, "_excluded", _spec(self.exclude))

    def why_not(self, path: str, *, root: str, is_folder: bool, rules: "Rules") -> str:
        """Why an entry below a given folder is left out; empty if it is not.

        Args:
            path: Absolute.
            root: The given folder.
            is_folder: Folders are never left out for want of an include pattern.
            rules: Those of the folders above it.
        """
        name = path.removeprefix(root).lstrip("/") + ("/" if is_folder else "")
        if self._excluded.match_file(name):
            return "by --exclude"
        if self.include and not is_folder and not self._included.match_file(name):
            return "no --include fits"
        if self.gitignore and rules.ignore(path, is_folder=is_folder):
            return "by .gitignore"
        return ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The `.gitignore` files of a folder and of those above it, the outermost first."""

    found: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def below(self, folder: str) -> "Rules":
        """With those of `folder`, if it has some."""
        try:
            lines = (Path(folder) / _RULES).read_text(errors="replace").splitlines()
            return Rules((*self.found, (folder, GitIgnoreSpec.from_lines(lines))))
        except (OSError, GitIgnorePatternError):
            return self

    def ignore(self, path: str, *, is_folder: bool) -> bool:
        """Whether the innermost rule that speaks of `path` leaves it out."""
        for folder, spec in reversed(self.found):
            name = path.removeprefix(folder).lstrip("/") + ("/" if is_folder else "")
            verdict = spec.check_file(name).include
            if verdict is not None:
                return verdict
        return False


def _spec(patterns: Sequence[str]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except (GitIgnorePatternError, ValueError) as error:
        msg = f"expected patterns as in .gitignore, such as *.pdf or drafts/: {error}"
        raise InputError(msg) from error


EVERYTHING = Selection()
"""All that is not hidden."""
