"""What this process was told, and by whom: read once, from options and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from retriever import DEFAULT_ADDRESS


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it comes from: an option, a variable of the environment, or "default"."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a process.

    Attributes:
        model: Hub id or folder; empty for the bundled model.
        index: A folder, or the URL of a Qdrant server.
        keys: `DUET_API_KEY`; empty for none.
        qdrant_key: `DUET_QDRANT_API_KEY`; empty for none.
    """

    model: Setting
    index: Setting
    keys: Setting
    qdrant_key: Setting

    @classmethod
    def of(
        cls, environ: Mapping[str, str], *, model: str | None = None, index: str | None = None
    ) -> Self:
        """Those of the environment, unless an option was given."""

        def setting(option: str, given: str | None, variable: str, default: str = "") -> Setting:
            if given:
                return Setting(given, option)
            if environ.get(variable):
                return Setting(environ[variable], variable)
            return Setting(default, "default")

        return cls(
            model=setting("--model", model, "DUET_MODEL"),
            index=setting("--index", index, "DUET_INDEX", DEFAULT_ADDRESS),
            keys=setting("", None, "DUET_API_KEY"),
            qdrant_key=setting("", None, "DUET_QDRANT_API_KEY"),
        )
