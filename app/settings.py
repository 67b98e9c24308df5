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
        generation_url: Where answers are written; empty for here.
        generation_model: By which model there; empty for the only one.
        generation_key: `DUET_GENERATION_KEY`; empty for none.
    """

    model: Setting
    index: Setting
    keys: Setting
    qdrant_key: Setting
    generation_url: Setting
    generation_model: Setting
    generation_key: Setting

    @classmethod
    def of(
        cls, environ: Mapping[str, str], options: Mapping[str, str | None] | None = None
    ) -> Self:
        """Those of the environment, unless an option was given.

        Args:
            environ: Variables.
            options: By name: `--model`, `--index`, `--generation-url`, `--generation-model`.
        """
        told = options or {}

        def setting(option: str, variable: str, default: str = "") -> Setting:
            if given := told.get(option):
                return Setting(given, option)
            if environ.get(variable):
                return Setting(environ[variable], variable)
            return Setting(default, "default")

        return cls(
            model=setting("--model", "DUET_MODEL"),
            index=setting("--index", "DUET_INDEX", DEFAULT_ADDRESS),
            keys=setting("", "DUET_API_KEY"),
            qdrant_key=setting("", "DUET_QDRANT_API_KEY"),
            generation_url=setting("--generation-url", "DUET_GENERATION_URL"),
            generation_model=setting("--generation-model", "DUET_GENERATION_MODEL"),
            generation_key=setting("", "DUET_GENERATION_KEY"),
        )

    @property
    def choose_a_model(self) -> bool:
        """Whether an option names what finds or writes, so that no other program can stand in."""
        chosen = (self.model, self.generation_url, self.generation_model)
        return any(setting.origin.startswith("--") for setting in chosen)
