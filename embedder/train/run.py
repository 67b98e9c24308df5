"""The folder of a training: settings, a snapshot to resume from, curves, the checkpoint."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from embedder.base_files import base_name, file_digest
from embedder.errors import TrainingError
from embedder.published import Checkpoint, write_checkpoint
from embedder.train.curve import Curve


class Run:
    """One training's files.

    Attributes:
        model: The checkpoint, in the published layout; there when the training is finished.
        curve: The learning curves.
        picture: The same, drawn.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "model"
        self.curve = Curve(folder / "curve.jsonl")
        self.picture = folder / "curve.svg"
        self._settings = folder / "settings.json"
        self._snapshot = folder / "state.pt"

    def check(self, settings: dict[str, object]) -> None:
        """Make sure that what is in the folder is a training of the same settings, or nothing.

        Raises:
            TrainingError: It holds something else; the differing settings are named.
        """
        if self.folder.exists() and not self.folder.is_dir():
            msg = f"{self.folder} is a file: give the name of a folder for --out"
            raise TrainingError(msg)
        if not self._settings.exists():
            found = sorted(p.name for p in self.folder.iterdir()) if self.folder.is_dir() else []
            if [name for name in found if name != "teacher"]:
                msg = f"{self.folder} holds other files ({found[0]}): give another --out"
                raise TrainingError(msg)
            return
        try:
            before: dict[str, object] = json.loads(self._settings.read_text())
        except ValueError as error:
            msg = f"{self._settings} is damaged: remove {self.folder} to start anew"
            raise TrainingError(msg) from error
        now = json.loads(json.dumps(settings))
        different = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if different:
            changes = ", ".join(f"{k} was {before.get(k)!r}, is {now.get(k)!r}" for k in different)
            msg = (
                f"{self.folder} holds a training of other settings ({changes}): repeat it with the "
                "same ones, or give another --out"
            )
            raise TrainingError(msg)

    def begin(self, settings: dict[str, object]) -> None:
        """Make the folder, and remember the settings."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(self._settings, json.dumps(settings, indent=2).encode() + b"\n")

    def save_snapshot(self, snapshot: dict[str, Any]) -> None:
        """Keep `snapshot`, instead of the one before."""
        partial = self._snapshot.with_suffix(".part")
        torch.save(snapshot, partial)
        partial.replace(self._snapshot)

    def load_snapshot(self) -> dict[str, Any] | None:
        """The last snapshot, or None at the beginning.

        Raises:
            TrainingError: It is damaged.
        """
        if not self._snapshot.exists():
            return None
        try:
            return torch.load(self._snapshot, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            msg = f"{self._snapshot} is damaged: remove {self.folder} to start anew"
            raise TrainingError(msg) from error

    def finish(
        self,
        checkpoint: Checkpoint,
        tokenizer: PreTrainedTokenizerFast,
        base: Path,
        config: PreTrainedConfig,
    ) -> None:
        """Draw the curves and write the checkpoint; an older one is replaced when it is whole.

        Args:
            checkpoint: What was trained; a base at a path is named relative to the checkpoint, so
                that both can be moved together.
            tokenizer: The base's.
            base: The base's folder, or its GGUF file, whose SHA-256 the checkpoint keeps.
            config: The loaded base's.
        """
        self.curve.draw(self.picture)
        partial = self.folder / "model.part"
        shutil.rmtree(partial, ignore_errors=True)
        checkpoint = replace(
            checkpoint,
            base=base_name(checkpoint.base, base, self.model),
            base_sha256=file_digest(base),
        )
        own = base / "config.json"
        write_checkpoint(partial, checkpoint, tokenizer, own if own.exists() else config)
        if self.model.exists():
            shutil.rmtree(self.model)
        partial.rename(self.model)


def _replace(file: Path, content: bytes) -> None:
    partial = file.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(file)
