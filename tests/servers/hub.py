"""A small Hub on loopback for tests: dataset repositories with commits and tags, kept in memory, with faults to order.

It answers what `huggingface_hub` 2.x and `datasets` ask for when they create, upload by LFS, commit, tag, list, download
and load. It has no Xet: the route of its token is 404, as on many mirrors, or leads to a storage that is not there.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.servers.repositories import Blob, RefusedError, Repository, Tree

TOKEN = "hf_WriterOfTheLocalHub01"
READER = "hf_ReaderOfTheLocalHub02"  # may read, not write
DATE = "2026-01-01T00:00:00.000Z"
LARGE = (".parquet",)  # suffixes that go by LFS


@dataclass
class Fault:
    """What goes wrong with requests whose `METHOD /path` matches: a status, or without one the connection drops."""

    when: str
    status: int = 0
    times: int = 10**9
    skip: int = 0  # that many are well first
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "as ordered"
    is_done: bool = False  # the work is done, and then the answer is lost
    half: bool = False  # the first half of the answer comes
    holds: bool = False  # nothing comes, until the other side is gone; `reached` tells that it waits
    reached: threading.Event = field(default_factory=threading.Event)
    first: Callable[[], object] | None = None  # done before the request is answered as usual


@dataclass(frozen=True)
class Seen:
    what: str  # METHOD /path
    bytes: int
    is_range: bool = False


class Hub:
    """The state; `faults` may be changed while it serves, `seen` has every request."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.lock = threading.RLock()
        self.url = ""
        self.xet_storage = ""  # an address where nobody listens, for a Hub whose storage is out of reach

    def fault_of(self, what: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if re.search(fault.when, what):
                    if fault.skip:
                        fault.skip -= 1
                    elif fault.times:
                        fault.times -= 1
                        return fault
        return None

    def counted(self, pattern: str) -> int:
        return sum(bool(re.search(pattern, seen.what)) for seen in self.seen)

    def tree(self, name: str, revision: str = "main") -> Tree:
        repository = self.repositories[name]
        return repository.trees[repository.find(revision)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests read `seen`."""

    def answer(self) -> None:
        self.route, _, query = self.path.partition("?")
        self.query = parse_qs(query)
        what = f"{self.command} {self.route}"
        fault = self.hub.fault_of(what)
        self.half, self.is_lost = bool(fault and fault.half), False
        try:
            if fault and fault.first:
                fault.first()
            elif fault and not fault.half and not fault.is_done:
                return self.go_wrong(what, fault)
            self.body = self.read_body()
            self.hub.seen.append(Seen(what, len(self.body), "Range" in self.headers))
            self.is_lost = bool(fault and fault.is_done)
            with self.hub.lock:
                self.dispatch()
        except RefusedError as refusal:
            self.refuse(refusal.status, refusal.message, {"X-Error-Code": refusal.code} if refusal.code else {})

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    def go_wrong(self, what: str, fault: Fault) -> None:
        self.hub.seen.append(Seen(what, 0))
        if fault.holds:
            fault.reached.set()
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with contextlib.suppress(OSError):
                self.connection.recv(1)  # until the other side is gone
            self.close_connection = True
        elif fault.status:
            self.read_body()
            self.refuse(fault.status, fault.message, fault.headers)
        else:
            self.drop()

    def drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def read_body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        if self.is_lost:
            self.drop()
            return
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if self.half else body)
        if self.half:
            self.wfile.flush()
            self.drop()

    def tell(self, value: Any) -> None:
        self.send(json.dumps(value).encode())

    def refuse(self, status: int, message: str, headers: dict[str, str]) -> None:
        self.send(json.dumps({"error": message}).encode(), status, {"X-Error-Message": message, **headers})

    # ---------------------------------------------------------------- who asks for what

    def needs(self, *tokens: str) -> None:
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if given and given not in (TOKEN, READER):
            raise RefusedError(401, "Invalid credentials in Authorization header")
        if given not in tokens:
            raise RefusedError(
                403 if given else 401, "You don't have the rights" if given else "Invalid username or password."
            )

    def repository(self, name: str) -> Repository:
        found = self.hub.repositories.get(name)
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if given:
            self.needs(TOKEN, READER)
        if found is None or (found.private and not given):
            raise RefusedError(404 if given else 401, "Repository not found", "RepoNotFound")
        return found

    def dispatch(self) -> None:
        for method, pattern, action in ROUTES:
            match = re.fullmatch(pattern, self.route)
            if match and self.command in method.split():
                return action(self, **match.groupdict())
        raise RefusedError(404, f"no such route: {self.command} {self.route}")

    def create(self) -> None:
        self.needs(TOKEN)
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if asked.get("type") != "dataset":
            raise RefusedError(400, "only datasets here")
        if name in self.hub.repositories:
            raise RefusedError(409, "You already created this dataset repo")
        made = self.hub.repositories[name] = Repository(asked.get("visibility") == "private")
        made.commit({".gitattributes": Blob(b"*.parquet filter=lfs\n", large=False)})
        self.tell({"url": f"{self.hub.url}/datasets/{name}", "name": name})

    def describe(self, name: str, revision: str = "main") -> None:
        repository = self.repository(name)
        commit = repository.find(revision)
        files = [{"rfilename": path} for path in sorted(repository.trees[commit])]
        owner = {"author": name.split("/")[0], "private": repository.private, "gated": False, "disabled": False}
        when = {"lastModified": DATE, "createdAt": DATE, "downloads": 0, "likes": 0, "tags": []}
        self.tell({"id": name, "sha": commit, "siblings": files, **owner, **when})

    def refs(self, name: str) -> None:
        repository = self.repository(name)
        tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": at} for tag, at in repository.tags.items()]
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.head}
        self.tell({"branches": [main], "tags": tags, "converts": []})

    def tree(self, name: str, revision: str, below: str | None = None) -> None:
        repository = self.repository(name)
        start = unquote(below or "").strip("/")
        start += "/" if start else ""
        blobs = repository.trees[repository.find(revision)].items()
        found = {path: blob for path, blob in blobs if path.startswith(start)}
        if start and not found:
            raise RefusedError(404, f"{start} does not exist", "EntryNotFound")
        inner = {path: path.removeprefix(start).split("/") for path in found}
        folders = {start + "/".join(parts[:depth]) for parts in inner.values() for depth in range(1, len(parts))}
        everything = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        listed: list[dict[str, Any]] = [
            {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
            for path in sorted(folders)
            if everything or "/" not in path.removeprefix(start)
        ]
        self.tell(
            listed + [blob.entry(path) for path, blob in sorted(found.items()) if everything or len(inner[path]) < 2]
        )

    def paths_info(self, name: str, revision: str) -> None:
        repository = self.repository(name)
        tree = repository.trees[repository.find(revision)]
        is_json = "json" in (self.headers.get("Content-Type") or "")
        asked = json.loads(self.body)["paths"] if is_json else parse_qs(self.body.decode()).get("paths", [])
        self.tell([tree[path].entry(path) for path in asked if path in tree])

    def preupload(self, name: str, revision: str) -> None:
        self.needs(TOKEN)
        repository = self.repository(name)
        tree = repository.trees[repository.find(revision)]
        told = []
        for file in json.loads(self.body)["files"]:
            path, known = file["path"], tree.get(file["path"])
            oid = known and (known.sha256 if known.large else known.oid)
            mode = "lfs" if path.endswith(LARGE) else "regular"
            told.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.tell({"files": told, "commitOid": repository.head})

    def batch(self, name: str) -> None:
        self.needs(TOKEN)
        self.repository(name)
        told = []
        for asked in json.loads(self.body)["objects"]:
            actions: dict[str, Any] = {}
            if asked["oid"] not in self.hub.objects:
                upload = {"href": f"{self.hub.url}/storage/{asked['oid']}?signature=secret", "header": {}}
                verify = {"href": f"{self.hub.url}/storage/verify", "header": {}}
                actions = {"actions": {"upload": upload, "verify": verify}}
            told.append({"oid": asked["oid"], "size": asked["size"], **actions})
        self.tell({"transfer": "basic", "objects": told})

    def store(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise RefusedError(400, "not what it says it is")
        self.hub.objects[oid] = self.body
        self.tell({})

    def fine(self) -> None:
        self.tell({"errors": [], "warnings": []})

    def xet(self, name: str) -> None:
        if not self.hub.xet_storage:
            raise RefusedError(404, "no Xet here")
        until = {"X-Xet-Token-Expiration": str(2**32), "X-Xet-Access-Token": "x"}
        told = {"casUrl": self.hub.xet_storage, "exp": 2**32, "accessToken": "x"}
        self.send(json.dumps(told).encode(), headers={"X-Xet-Cas-Url": self.hub.xet_storage, **until})

    def commit(self, name: str, branch: str) -> None:
        self.needs(TOKEN)
        repository = self.repository(name)
        tree = dict(repository.trees[repository.head])
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "header" if value.get("parentCommit") not in (None, repository.head):
                    raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
                case "file":
                    tree[value["path"]] = Blob(base64.b64decode(value["content"]), large=False)
                case "lfsFile" if value["oid"] not in self.hub.objects:
                    raise RefusedError(400, f"LFS pointer to an object that is not there: {value['oid']}")
                case "lfsFile":
                    tree[value["path"]] = Blob(self.hub.objects[value["oid"]], large=True)
                case "deletedFile":
                    del tree[value["path"]]
                case "deletedFolder":
                    tree = {path: blob for path, blob in tree.items() if not path.startswith(value["path"])}
        oid = repository.commit(tree)
        self.tell({"success": True, "commitOid": oid, "commitUrl": f"{self.hub.url}/datasets/{name}/commit/{oid}"})

    def tag(self, name: str, revision: str) -> None:
        self.needs(TOKEN)
        repository, tag = self.repository(name), json.loads(self.body)["tag"]
        if tag in repository.tags:
            raise RefusedError(409, "Tag reference exists already")
        repository.tags[tag] = repository.find(revision)
        self.tell({})

    def download(self, name: str, revision: str, path: str) -> None:
        repository = self.repository(name)
        commit = repository.find(revision)
        blob = repository.trees[commit].get(unquote(path))
        if blob is None:
            raise RefusedError(404, "Entry not found", "EntryNotFound")
        tag = blob.sha256 if blob.large else blob.oid
        headers = {"X-Repo-Commit": commit, "ETag": f'"{tag}"', "Accept-Ranges": "bytes", "Content-Type": "text/plain"}
        if blob.large:
            headers |= {"X-Linked-Size": str(len(blob.data)), "X-Linked-ETag": f'"{tag}"'}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked and self.command == "GET":
            part = blob.data[int(asked[1]) : int(asked[2]) + 1 if asked[2] else None]
            span = f"bytes {asked[1]}-{int(asked[1]) + len(part) - 1}/{len(blob.data)}"
            return self.send(part, 206, headers | {"Content-Range": span})
        return self.send(blob.data, 200, headers)


ID = r"(?P<name>[^/]+/[^/]+)"
API = rf"/api/datasets/{ID}"
ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.fine),
    ("GET", API, Handler.describe),
    ("GET", rf"{API}/revision/(?P<revision>[^/]+)", Handler.describe),
    ("GET", rf"{API}/refs", Handler.refs),
    ("GET", rf"{API}/tree/(?P<revision>[^/]+)(?:/(?P<below>.*))?", Handler.tree),
    ("POST", rf"{API}/paths-info/(?P<revision>[^/]+)", Handler.paths_info),
    ("POST", rf"{API}/preupload/(?P<revision>[^/]+)", Handler.preupload),
    ("GET", rf"{API}/xet-write-token/main", Handler.xet),
    ("POST", rf"{API}/commit/(?P<branch>[^/]+)", Handler.commit),
    ("POST", rf"{API}/tag/(?P<revision>[^/]+)", Handler.tag),
    ("POST", rf"/datasets/{ID}\.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", "/storage/(?P<oid>[0-9a-f]{64})", Handler.store),
    ("POST", "/storage/verify", Handler.fine),
    ("GET HEAD", rf"/datasets/{ID}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", Handler.download),
]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Nothing: clients that are killed break their connections."""


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """An empty Hub at its `url`, until the block ends."""
    hub = Hub()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
