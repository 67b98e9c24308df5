"""How to talk to the program that has an index in a folder open: its URL and a secret.

They stand in a file beside the index's lock that only the same user can read, so who can read the
index anyway may also have its owner search it, ask it and fill it.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from retriever.address import check_free, index_folder
from retriever.errors import IndexLockedError, RetrieverError

_FILE = "owner.json"
_DIRECT = build_opener(ProxyHandler({}))  # no proxy of the environment is to see the token
_SECONDS = 600.0  # for an answer to a long question on a slow and busy machine


@dataclass(frozen=True, slots=True)
class Owner:
    """A program that serves an index.

    Attributes:
        url: Of its server, without a path.
        token: What it lets its own user in with.
    """

    url: str
    token: str

    def call(
        self, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send a request, JSON both ways; without an answer it returns an empty object.

        Raises:
            RetrieverError: It refuses, with its reason, or it does not answer.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = None if content is None else json.dumps(content).encode()
        request = Request(f"{self.url}{path}", body, headers, method=method)
        try:
            with _DIRECT.open(request, timeout=_SECONDS) as response:
                return json.loads(response.read() or b"{}")
        except HTTPError as error:
            raise RetrieverError(_reason(error)) from error
        except (URLError, OSError, ValueError) as error:
            msg = f"The program at {self.url} has the index open, and does not answer: {error}"
            raise RetrieverError(msg) from error


def announce(address: str | Path, owner: Owner) -> None:
    """Tell other programs of this user whom to talk to; the index must be open here."""
    folder = index_folder(address)
    if folder is None:
        return  # a server's index is open to all at once
    draft = folder / f"{_FILE}.draft"
    with suppress(OSError):  # then others are told that the index is in use, as without a server
        draft.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
            json.dump({"url": owner.url, "token": owner.token}, file)
        draft.replace(folder / _FILE)


def withdraw(address: str | Path) -> None:
    """Take back what `announce` told."""
    folder = index_folder(address)
    if folder is not None:
        with suppress(OSError):
            (folder / _FILE).unlink(missing_ok=True)


def owner_of(address: str | Path) -> Owner | None:
    """Whom to talk to instead of opening an index; None if it is free.

    Raises:
        IndexLockedError: It is in use by a program that serves nobody.
        AddressError: The address is none.
    """
    try:
        check_free(address)
    except IndexLockedError as locked:
        try:
            told = json.loads((Path(address).expanduser() / _FILE).read_text(encoding="utf-8"))
            return Owner(str(told["url"]), str(told["token"]))
        except (OSError, ValueError, KeyError, TypeError):
            raise locked from None
    return None  # what a killed owner may have left does not count


def _reason(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"The program that has the index open answered {error.code} {error.reason}"
