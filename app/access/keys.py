"""The keys of a server, and sessions of browsers that have shown one."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Self

SESSION_SECONDS = 30 * 24 * 3600
_NAMED = re.compile(r"([A-Za-z][\w.-]*)=(\S{8,})")


class Keys:
    """One key or several, by the name of who has it; sessions end when its key is taken away.

    Args:
        keys: Name to key.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = dict(keys)

    @classmethod
    def of(cls, setting: str) -> Self:
        """The keys of a setting: one key, or `ada=KEY,bob=KEY` with eight characters or more each.

        Args:
            setting: Of DUET_API_KEY.
        """
        named = [_NAMED.fullmatch(part.strip()) for part in setting.split(",")]
        if all(named):
            return cls({match[1]: match[2] for match in named if match})
        return cls({"": setting})

    @property
    def names(self) -> list[str]:
        """Who has one; an only key has no name."""
        return [name or "one, without a name" for name in self._keys]

    def who(self, key: str) -> str | None:
        """Whose key it is; None if nobody's. All are compared, in constant time."""
        given, found = key.encode(), None
        for name, each in self._keys.items():
            if hmac.compare_digest(given, each.encode()):
                found = name
        return found

    def session(self, name: str, now: float | None = None) -> str:
        """A token that says that `name` has shown a key; it does not hold the key."""
        told = f"{name}:{int(now or time.time()) + SESSION_SECONDS}"
        return f"{told}:{self._seal(name, told)}"

    def holder(self, token: str, now: float | None = None) -> str | None:
        """Whose session a token is; None if it was not made here, or is too old."""
        told, _, seal = token.rpartition(":")
        name, _, ends = told.rpartition(":")
        if name not in self._keys or not ends.isdecimal():
            return None
        good = hmac.compare_digest(seal.encode(), self._seal(name, told).encode())
        return name if good and int(ends) > (now or time.time()) else None

    def _seal(self, name: str, told: str) -> str:
        key = self._keys[name].encode()
        return hmac.new(key, b"duet session:" + told.encode(), hashlib.sha256).hexdigest()
