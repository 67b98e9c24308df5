"""Whether a setting can be the address or the key of a server that writes."""

from urllib.parse import urlsplit

from embedder.errors import DuetError

_ENDPOINT = "/chat/completions"
_NO_ADDRESS = "this is no http:// or https:// address with a host"


def checked_url(url: str) -> str:
    """The address of an API, without a slash at its end.

    Raises:
        DuetError: It is none; the text does not repeat a password in it.
    """
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:  # a port that is no number, half of an IPv6 address
        raise DuetError(_expected(_NO_ADDRESS)) from error
    if not is_address or not url.isprintable() or " " in url:
        raise DuetError(_expected(_NO_ADDRESS))
    if "@" in parts.netloc:
        raise DuetError(_expected("this has a name or a password in it: use DUET_GENERATION_KEY"))
    if parts.query or parts.fragment:
        raise DuetError(_expected("this goes on after its path, with ? or #"))
    if parts.path.endswith(_ENDPOINT):
        raise DuetError(_expected(f"leave out {_ENDPOINT}"))
    return url


def checked_key(key: str) -> str:
    """A key that a header can hold.

    Raises:
        DuetError: It cannot; the text does not repeat it.
    """
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        msg = (
            "DUET_GENERATION_KEY holds a space, a line break or a letter beyond ASCII, which no "
            "key has. Set it to the key alone."
        )
        raise DuetError(msg)
    return key


def _expected(problem: str) -> str:
    return (
        "DUET_GENERATION_URL (--generation-url) is to be the address of an API such as "
        f"http://127.0.0.1:8000/v1; {problem}."
    )
