"""Builds on a Ray cluster that was there before, on loopback: the bytes of a local build, and an error when it dies."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from builders.engine.distributed import Sight
from builders.engine.stages import ShardTask
from builders.sources.novels import Novels
from builders.steps import Shard
from tests.corpora import write_books
from tests.running import Siku, command, digests
from validators.errors import SikuError

on_ray = pytest.mark.skipif(
    find_spec("daft") is None or find_spec("ray") is None, reason="the extra `ray` is not installed"
)
WORDS = ("build", "novel-pretrain", "--input", "books", "-q", "--set", "steps.HoldOut.share=0.1")
FEW_BANDS = ("--set", "steps.NearDuplicates.bands=2")  # each is several shuffles, and each of those costs Ray 0.1 s
LIMIT_S = 120
SECOND_NODE = """
import sys, time
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=1, include_dashboard=False, gcs_server_port=int(sys.argv[1])))
cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
print("Ray runtime started", flush=True)
sys.stdin.read()
"""


class Cluster:
    """A cluster of this machine: where it is, what its clients need in their environment, and its processes."""

    def __init__(self, second_node: bool = False) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.home = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # sockets have short paths
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback only
            "RAY_TMPDIR": str(self.home),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        ray = str(Path(sys.executable).parent / "ray")
        options = ["--node-ip-address=127.0.0.1", f"--port={self.port}", "--include-dashboard=false", "--num-cpus=2"]
        head = [ray, "start", "--head", "--block", "--disable-usage-stats", *options]
        log = (self.home / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", SECOND_NODE, str(self.port)] if second_node else head,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | self.environment,
        )
        log.close()

    def wait_until_it_runs(self) -> None:
        log = self.home / "log"
        wait_for(lambda: b"Ray runtime started" in log.read_bytes() or self.process.poll() is not None)
        assert self.process.poll() is None, log.read_text()

    def kill(self, named: str = "") -> None:
        """`kill -9` for all its processes, or for those with a word in their command line."""
        import psutil

        family = psutil.Process(self.process.pid).children(recursive=True)
        for one in [psutil.Process(self.process.pid), *family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                if named in " ".join(one.cmdline()):
                    one.kill()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
        _end_orphans(self.home)
        shutil.rmtree(self.home, ignore_errors=True)


def _end_orphans(home: Path) -> None:
    """End what has the cluster's folder in its environment: workers, whose parent was killed."""
    import psutil

    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.environ().get("RAY_TMPDIR") == str(home):
                one.kill()


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextlib.contextmanager
def running(second_node: bool = False) -> Iterator[Cluster]:
    cluster = Cluster(second_node)
    try:
        cluster.wait_until_it_runs()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Four books, one of them in a second edition that lacks the end of its text."""
    write_books(tmp_path / "books", 4, chapters=8, chars=600)
    whole = (tmp_path / "books/书001.txt").read_bytes().decode("gb18030")
    (tmp_path / "books/又001.txt").write_text(whole[: len(whole) * 2 // 3], encoding="utf-8")
    return tmp_path / "books"


def dataset(out: Path) -> dict[str, str]:
    return digests(out / "novel-pretrain/1")


def on_cluster(cluster: Cluster) -> tuple[str, ...]:
    return ("--engine", "ray", "--ray-address", cluster.address)


@on_ray
@pytest.mark.slow
@pytest.mark.parametrize("second_node", [False, True])
def test_a_cluster_that_is_there_gives_the_same_bytes(
    siku: Siku, books: Path, tmp_path: Path, second_node: bool
) -> None:
    siku(*WORDS, *FEW_BANDS, "--out", "local")
    with running(second_node) as cluster:  # paths that are relative: its processes were started in another folder
        siku(*WORDS, *FEW_BANDS, "--out", "out", *on_cluster(cluster), **cluster.environment)
    assert dataset(tmp_path / "out") == dataset(tmp_path / "local")
    assert not list((tmp_path / "out/.siku/tmp").iterdir())


@on_ray
@pytest.mark.slow
def test_a_cluster_of_its_own_gives_the_same_bytes(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku(*WORDS, *FEW_BANDS, "--out", "local")
    own = {"RAY_ADDRESS": "", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    siku(*WORDS, *FEW_BANDS, "--out", "out", "--engine", "ray", "--workers", "2", **own)
    assert dataset(tmp_path / "out") == dataset(tmp_path / "local")


@on_ray
@pytest.mark.slow
@pytest.mark.parametrize("killed", ["", "gcs_server"])
def test_a_cluster_that_dies(siku: Siku, books: Path, tmp_path: Path, killed: str) -> None:
    siku(*WORDS, "--out", "local")
    with running() as cluster:
        words = command(*WORDS, "--out", "out", *on_cluster(cluster))
        with subprocess.Popen(
            words, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ | cluster.environment
        ) as process:
            finished = (tmp_path / "out/.siku/work").glob
            wait_for(lambda: len(list(finished("*/*/sealed.json"))) >= 2 or process.poll() is not None)
            cluster.kill(killed)
            _, errors = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, "Traceback" in errors) == (4, False), errors
    assert [line[:6] for line in errors.splitlines()] == ["error:", "where:", "why:  ", "next: "]
    assert "the Ray cluster is gone" in errors and cluster.address in errors
    assert not (tmp_path / "out/novel-pretrain/1/manifest.json").exists()
    siku(*WORDS, "--out", "out")
    assert dataset(tmp_path / "out") == dataset(tmp_path / "local")


@on_ray
def test_nobody_is_there(siku: Siku, books: Path, tmp_path: Path) -> None:
    with socket.socket() as free:  # bound, but it does not listen
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        ran = siku(*WORDS, "--out", "out", "--engine", "ray", "--ray-address", address, code=4)
    assert "cannot be reached" in ran.err and f"where: {address}" in ran.err
    assert not (tmp_path / "out/novel-pretrain/1").exists()


@on_ray
@pytest.mark.slow
def test_what_is_there_is_no_ray(siku: Siku, books: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        ran = siku(*WORDS, "--out", "out", "--engine", "ray", "--ray-address", address, code=4)
    assert "what answers there is no Ray" in ran.err


@on_ray
@pytest.mark.slow
def test_the_token_is_another_one(siku: Siku, books: Path, tmp_path: Path) -> None:
    with running() as cluster:
        wrong = cluster.environment | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
        ran = siku(*WORDS, "--out", "out", *on_cluster(cluster), code=4, **wrong)
    assert len(ran.err.splitlines()) == 4
    assert "RAY_AUTH_TOKEN" in ran.err
    assert wrong["RAY_AUTH_TOKEN"] not in ran.err


def test_a_machine_that_sees_other_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # put back afterwards
    store = tmp_path / "out/.siku"
    with pytest.raises(SikuError, match="does not see") as caught:
        Sight(tmp_path / "nowhere", store / "tmp/1-a", "").take()
    assert caught.value.where == str(tmp_path / "nowhere")
    store.mkdir(parents=True)  # the same path, but not the same disk
    with pytest.raises(SikuError, match="does not see") as caught:
        Sight(tmp_path, store / "tmp/1-a", "").take()
    assert caught.value.where == str(store)


def test_a_machine_that_does_not_see_an_input(tmp_path: Path) -> None:
    sight = Sight(tmp_path, tmp_path, "")
    shard = Shard("书.txt", "", 1, tmp_path / "书.txt")
    task = ShardTask("", shard, Novels(), (), None)
    with pytest.raises(SikuError, match="does not see") as caught:
        sight.check(task)
    assert caught.value.where == str(shard.path)
    shard.path.write_text("雪", encoding="utf-8")
    sight.check(task)
