"""A small local server that speaks as much of the Hugging Face hub's protocol as its library uses.

It serves a folder: ``{folder}/{id}/…`` are the files of a model repository,
``{folder}/datasets/{id}/…`` of a dataset, and whatever else lies there has its path for address.
Every repository has one commit, made of its bytes; ``main`` names it. Large files, by their
suffix, are redirected to another origin, as the hub does with those in Git LFS. Faults are
switched on by the attributes of :class:`HubServer`.
"""

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

LARGE = (".bin", ".safetensors", ".h5", ".msgpack", ".onnx", ".ot", ".parquet")


@dataclass
class HubServer:
    """Serves ``folder`` while its ``with`` block runs.

    Attributes:
        requests: ``"METHOD path"`` of every request, in order; ``" from N"`` follows where a part
            from byte N on was asked for.
        gated: repositories whose files need ``token``; the listing does not.
        private: repositories that need ``token`` even to be seen.
        cut: by the end of an address, after how many bytes the connection is cut, once.
        spoilt: ends of addresses whose bytes are served wrong, of the right length.
        fail_first: so many requests are answered with ``fail_status``.
        ranges: whether parts of files are served.
    """

    folder: Path
    requests: list[str] = field(default_factory=list)
    gated: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    token: str = "hf_good"
    cut: dict[str, int] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)
    fail_first: int = 0
    fail_status: int = 503
    ranges: bool = True

    def __enter__(self) -> "HubServer":
        hub = self

        class Handler(_Handler):
            server_state = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def other_origin(self) -> str:
        """Where large files are: the same server, but another origin for its clients."""
        return f"http://localhost:{self._server.server_port}"

    def fetched(self) -> list[str]:
        """The names of the files whose bytes were sent, in order; a file in parts counts often."""
        files = [one.split(" ")[1] for one in self.requests if one.startswith("GET ")]
        return [path.rpartition("/")[2] for path in files if not path.startswith("/api/")]

    def commit(self, repository: str) -> str:
        """The one commit of a repository, such as ``bert-tiny`` or ``datasets/some/text``."""
        digest = hashlib.sha1()
        for name, path in self.files(repository).items():
            digest.update(f"{name} {_git_blob(path.read_bytes())}\n".encode())
        return digest.hexdigest()

    def files(self, repository: str) -> dict[str, Path]:
        """The files of a repository by their path in it, sorted."""
        root = self.folder / repository
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix(): path for path in paths}


class _Handler(BaseHTTPRequestHandler):
    server_state: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""

    def _answer(self) -> None:
        hub = self.server_state
        path = unquote(urlsplit(self.path).path)
        if path == "/api/agent-harnesses":
            # The library may ask for this at any time; it has to do with no checkpoint.
            return self._refuse(404, "", "no such thing here")
        start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        hub.requests.append(f"{self.command} {path}" + (f" from {start[1]}" if start else ""))
        if hub.fail_first:
            hub.fail_first -= 1
            return self._refuse(hub.fail_status, "", "not now")
        if listing := re.fullmatch(r"/api/(?:models|(datasets))/(.+?)/revision/([^/]+)", path):
            return self._list("/".join(filter(None, listing.groups()[:2])), listing[3])
        if resolve := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path):
            return self._resolve(*resolve.groups())
        file = hub.folder / path.removeprefix("/large/").lstrip("/")
        if not file.is_file():
            return self._refuse(404, "EntryNotFound", "Entry not found")
        return self._send_file(file, {})

    def _may_not(self, repository: str, guarded: set[str]) -> bool:
        authorized = self.headers.get("Authorization") == f"Bearer {self.server_state.token}"
        return repository in guarded and not authorized

    def _known(self, repository: str, revision: str) -> bool:
        """Whether there is such a repository at that revision; if not, the answer is sent."""
        hub = self.server_state
        if not (hub.folder / repository).is_dir() or self._may_not(repository, hub.private):
            # The hub does not tell whether a repository is private or not there.
            self._refuse(401, "RepoNotFound", "Invalid username or password.")
        elif revision not in ("main", hub.commit(repository)) and not _is_pinned_data(
            repository, revision
        ):
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return True
        return False

    def _list(self, repository: str, revision: str) -> None:
        if not self._known(repository, revision):
            return
        siblings = []
        for name, path in self.server_state.files(repository).items():
            content = path.read_bytes()
            file: dict[str, object] = {"rfilename": name, "size": len(content)}
            if name.endswith(LARGE):
                sha256 = hashlib.sha256(content).hexdigest()
                file["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
                file["blobId"] = _git_blob(b"pointer to " + sha256.encode())
            else:
                file["blobId"] = _git_blob(content)
            siblings.append(file)
        listing = {
            "id": repository.removeprefix("datasets/"),
            "sha": self.server_state.commit(repository),
            "siblings": siblings,
        }
        self._send(200, {"Content-Type": "application/json"}, json.dumps(listing).encode())

    def _resolve(self, repository: str, revision: str, name: str) -> None:
        hub = self.server_state
        if not self._known(repository, revision):
            return None
        if self._may_not(repository, hub.gated):
            return self._refuse(401, "GatedRepo", "Access to this model is restricted.")
        path = hub.folder / repository / name
        headers = {"X-Repo-Commit": hub.commit(repository)}
        if not path.is_file():
            return self._refuse(404, "EntryNotFound", "Entry not found", headers)
        content = path.read_bytes()
        if not name.endswith(LARGE):
            return self._send_file(path, headers | {"ETag": f'"{_git_blob(content)}"'})
        headers |= {
            "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Linked-Size": str(len(content)),
            "Location": f"{hub.other_origin}/large/{repository}/{name}",
        }
        return self._send(302, headers, b"")

    def _send_file(self, path: Path, headers: dict[str, str]) -> None:
        hub = self.server_state
        content = path.read_bytes()
        if any(self.path.endswith(end) for end in hub.spoilt):
            content = bytes(byte ^ 1 for byte in content)
        size = len(content)
        status = 200
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if part and hub.ranges:
            if int(part[1]) >= size:
                return self._send(416, {"Content-Range": f"bytes */{size}"}, b"")
            status = 206
            headers = headers | {"Content-Range": f"bytes {part[1]}-{size - 1}/{size}"}
            content = content[int(part[1]) :]
        return self._send(status, headers, content)

    def _refuse(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        errors = {"X-Error-Code": code, "X-Error-Message": message} if code else {}
        self._send(status, (headers or {}) | errors, json.dumps({"error": message}).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.server_state.cut
        for end in [end for end in cut if self.path.endswith(end)]:
            self.wfile.write(body[: cut.pop(end)])
            self.close_connection = True
            return
        self.wfile.write(body)


def _git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _is_pinned_data(repository: str, revision: str) -> bool:
    """Data is fetched at commits of the real hub, which are not these files'."""
    return repository.startswith("datasets/") and re.fullmatch("[0-9a-f]{40}", revision) is not None
