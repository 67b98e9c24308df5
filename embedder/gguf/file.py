"""A GGUF file: its metadata, and its tensors, dequantized one at a time.

The header is read here and not by the `gguf` package, which takes seconds for a vocabulary; the
package knows the quantization types. The format: github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from embedder.errors import CheckpointError

MAGIC = b"GGUF"
_VERSIONS = (2, 3)  # 1 was in use for a few weeks of 2023
_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_NUMBERS[12] = "d"

Value = TypeVar("Value", int, float, str)


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where a tensor lies: `shape` in torch's order, ggml's type by number, bytes from `start`."""

    shape: tuple[int, ...]
    kind: int
    start: int


class GgufFile:
    """A GGUF file with its header read.

    Attributes:
        path: The file.
        metadata: Its keys as they stand, such as `general.architecture`.
        tensors: Where each tensor lies.
    """

    def __init__(
        self, path: Path, metadata: dict[str, Any], tensors: dict[str, TensorPlace]
    ) -> None:
        self.path = path
        self.metadata = metadata
        self.tensors = tensors

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the header.

        Raises:
            CheckpointError: The file is missing, no GGUF, cut short, or one part of several.
        """
        try:
            with path.open("rb") as file:
                if file.read(4) != MAGIC:
                    msg = f"{path} is no GGUF file: expected one that begins with the letters GGUF"
                    raise CheckpointError(msg)
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            msg = f"{path} cannot be read: {error.strerror}"
            raise CheckpointError(msg) from error
        try:
            read = cls(path, *_Header(data, path).read())
        except (struct.error, EOFError) as error:
            raise _cut_short(path) from error
        except ValueError as error:
            msg = f"{path} is damaged: {error}; copy or download it again"
            raise CheckpointError(msg) from error
        parts = read.metadata.get("split.count", 1)
        if parts > 1:
            msg = (
                f"{path} is one part of {parts}: expected a whole model; join them with "
                "llama-gguf-split --merge"
            )
            raise CheckpointError(msg)
        return read

    @property
    def architecture(self) -> str:
        """The family's name in GGUF, such as `llama`; empty if the file states none."""
        return str(self.metadata.get("general.architecture", ""))

    def whole(self, key: str, default: int | None = None) -> int:
        """The whole number `ARCHITECTURE.key`.

        Raises:
            CheckpointError: The file does not state it, and there is no default.
        """
        return self._of_family(key, int, default)

    def real(self, key: str, default: float | None = None) -> float:
        """The number `ARCHITECTURE.key`, as `whole`."""
        return self._of_family(key, float, default)

    def text(self, key: str, default: str | None = None) -> str:
        """The text `ARCHITECTURE.key`, as `whole`."""
        return self._of_family(key, str, default)

    def _of_family(self, key: str, kind: type[Value], default: Value | None) -> Value:
        value = self.metadata.get(f"{self.architecture}.{key}", default)
        if not isinstance(value, kind):
            msg = (
                f"{self.path}: expected the metadata {self.architecture}.{key} to be of type "
                f"{kind.__name__}, found {value!r:.100}"
            )
            raise CheckpointError(msg)
        return value

    def tensor(self, name: str) -> NDArray[np.float32]:
        """The values of a tensor, in torch's shape.

        Raises:
            CheckpointError: The file ends before it, its quantization type cannot be undone, or the
                `gguf` package is missing.
        """
        place = self.tensors[name]
        gguf = _package()
        try:
            kind = gguf.GGMLQuantizationType(place.kind)
            block, size = gguf.GGML_QUANT_SIZES[kind]
            size *= prod(place.shape) // block
            if place.start + size > self.path.stat().st_size:
                raise _cut_short(self.path)
            stored = np.fromfile(self.path, dtype=np.uint8, count=size, offset=place.start)
            rows = stored.reshape(*place.shape[:-1], -1)
            return gguf.quants.dequantize(rows, kind)
        except (ValueError, KeyError, NotImplementedError) as error:
            msg = (
                f"{self.path}: tensor {name} is of quantization type {_kind(place.kind)}, which "
                "the gguf package cannot undo: expected a common one, such as Q8_0 or Q4_K; "
                "upgrade gguf, or take the model in another quantization"
            )
            raise CheckpointError(msg) from error


class _Header:
    """Reads a header value by value."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self._data = data
        self._path = path
        self._at = len(MAGIC)

    def read(self) -> tuple[dict[str, Any], dict[str, TensorPlace]]:
        (version,) = self._unpack("I")
        if version not in _VERSIONS:
            msg = (
                f"{self._path} is GGUF of version {version}: expected "
                f"{' or '.join(map(str, _VERSIONS))}, little-endian; convert the model anew"
            )
            raise CheckpointError(msg)
        tensors, keys = self._unpack("QQ")
        metadata: dict[str, Any] = {}
        for _ in range(keys):
            key = self._string()
            metadata[key] = self._value()
        table = [self._tensor() for _ in range(tensors)]
        alignment = int(metadata.get("general.alignment", _ALIGNMENT)) or _ALIGNMENT
        start = -(-self._at // alignment) * alignment
        places = {
            name: TensorPlace(shape, kind, start + offset) for name, shape, kind, offset in table
        }
        if any(place.start >= len(self._data) for place in places.values()):
            raise EOFError
        return metadata, places

    def _unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def _string(self) -> str:
        (length,) = self._unpack("Q")
        if self._at + length > len(self._data):
            raise EOFError
        text = self._data[self._at : self._at + length].decode()
        self._at += length
        return text

    def _value(self) -> object:
        (kind,) = self._unpack("I")
        if kind != _ARRAY:
            return self._one(kind)
        kind, count = self._unpack("IQ")
        if kind in _NUMBERS:
            size = struct.calcsize(_NUMBERS[kind])
            if self._at + count * size > len(self._data):
                raise EOFError
            return list(self._unpack(f"{count}{_NUMBERS[kind]}"))
        return [self._one(kind) for _ in range(count)]

    def _one(self, kind: int) -> object:
        if kind == _STRING:
            return self._string()
        if kind not in _NUMBERS:
            msg = f"a value in its metadata is of the unknown type {kind}"
            raise ValueError(msg)
        return self._unpack(_NUMBERS[kind])[0]

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._string()
        (dimensions,) = self._unpack("I")
        shape = self._unpack(f"{dimensions}Q")
        kind, offset = self._unpack("IQ")
        return name, shape[::-1], kind, offset  # ggml counts from the fastest dimension


def _cut_short(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is cut short: copy or download it again")


def _kind(number: int) -> str:
    try:
        return _package().GGMLQuantizationType(number).name
    except ValueError:
        return f"number {number}"


def _package() -> ModuleType:
    try:
        import gguf
    except ImportError as error:
        msg = "a GGUF model needs the package gguf: pip install gguf"
        raise CheckpointError(msg) from error
    return gguf
