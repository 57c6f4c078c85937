"""Downloads that go on after a broken connection."""

import http.client
import logging
import re
import ssl
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from workflow_scripts.common.retry import first_line, with_retries

log = logging.getLogger(__name__)

TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 20  # bytes
_NETWORK_ERRORS = (
    URLError,
    ConnectionError,
    TimeoutError,
    http.client.HTTPException,
    ssl.SSLError,
)
_RANGE_NOT_SATISFIABLE = 416


class DownloadError(Exception):
    """Why an address gave no file, in a few words."""


def download(address: str, target: Path) -> None:
    """Write the bytes at an address to a file.

    What an earlier call left unfinished beside ``target`` is gone on with, where the server can.
    The caller verifies the content.

    Raises:
        DownloadError: if the server refuses, or cannot be reached in several tries.
        OSError: if the file cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name.lstrip('.')}.part")
    try:
        with_retries(lambda: _go_on(address, partial), _may_pass, address)
    except HTTPError as error:
        raise DownloadError(f"the server answers {error.code} {error.reason}") from error
    except _NETWORK_ERRORS as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise DownloadError(f"no connection: {first_line(OSError(reason))}") from error
    partial.replace(target)


class SafeRedirects(HTTPRedirectHandler):
    """Follows no redirection from an encrypted connection to one that is not."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """The request that follows.

        Raises:
            URLError: if it would not be encrypted, though the one before was.
        """
        if req.type == "https" and not newurl.startswith("https://"):
            raise URLError(f"it leads to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, HTTPError):
        return error.code in (408, 429, _RANGE_NOT_SATISFIABLE) or error.code >= 500
    return isinstance(error, _NETWORK_ERRORS)


_OPENER = build_opener(SafeRedirects)


def _go_on(address: str, partial: Path) -> None:
    """Append what is missing of a file, or write it anew if the server sends all of it.

    Raises:
        ConnectionError: if fewer bytes came than were announced.
    """
    done = partial.stat().st_size if partial.exists() else 0
    headers = {"User-Agent": "taskspace"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = _OPENER.open(Request(address, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE:
            partial.unlink(missing_ok=True)  # it holds too much, so that the next try starts anew
        raise
    with response:
        resumed = re.match(rf"bytes {done}-\d+/", response.headers.get("Content-Range", ""))
        if response.status == http.client.PARTIAL_CONTENT and not resumed:
            raise ConnectionError("the server sent another part of the file than it was asked for")
        log.info("%s: %s", address, f"going on at byte {done}" if resumed else "downloading")
        with partial.open("ab" if resumed else "wb") as file:
            received = 0
            while chunk := response.read(CHUNK):
                received += file.write(chunk)
    announced = response.headers.get("Content-Length")
    if announced is not None and received < int(announced):
        raise ConnectionError(f"the connection ended after {received} of {announced} bytes")
