"""Running a command that must not write outside its own folder, nor outlive its limits.

On Linux bubblewrap (`bwrap`) does it with namespaces of the kernel: the command sees Python and its libraries read-only, and an
empty folder in memory to write to; no network, no other process, no other file. When it ends, or is killed, everything that it started
ends with it. Where bubblewrap cannot be used, `unprotected=True` keeps the limits of time, memory and processes, and nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

import sawaru

MAX_PROCESSES = 64
MAX_REPORT = 4_000_000  # bytes that a command may report
FOLDER_BYTES = 200_000_000  # what it may write
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
_SETTINGS = ("ld.so.cache", "alternatives", "fonts", "localtime", "nsswitch.conf", "passwd", "group")
_POLL = 0.25  # seconds

PROTECTED = (
    "ノートブックは一冊ずつ、bubblewrap で隔てた場所で動かしました。書けるのはメモリの上の空のフォルダだけで、読めるのは Python とそのライブラリだけです。"
    "ネットワークも、ほかのプロセスも見えません。ただし、OS そのものの弱点を突く攻撃と、判定をだますように仕組まれたノートブック（正解と記録させる細工）は防げません。"
)
UNPROTECTED = (
    "隔てずに動かしました（--unprotected）。時間、メモリ、プロセスの数の上限は守らせましたが、ノートブックの中のコードは、あなたのファイルを読み書きでき、"
    "ネットワークにもつながりました。Linux のほかでは、親から離れたプロセスが残ることもあります。中身を信頼できるノートブックだけに使ってください。"
)
MISSING = (
    "ノートブックを隔てて動かす bubblewrap が使えません（{why}）。\n"
    "Debian・Ubuntu では sudo apt install bubblewrap を実行してください。コンテナの中では、名前空間を作る許可（docker run --privileged など）も要ります。\n"
    "macOS では Linux の仮想マシン、Windows では WSL で実行してください。Linux と macOS では、中身を信頼できるときだけ、--unprotected を付ければ隔てずに動かせます。"
)


class SandboxError(RuntimeError):
    """Protection is not to be had here; the message says why and what to do."""


@dataclass(frozen=True)
class Outcome:
    """What became of a command: the bytes it reported, and why it was stopped ("" if it ended by itself)."""

    report: bytes
    stopped: str
    code: int


def require(*, unprotected: bool = False) -> None:
    """Raise SandboxError unless notebooks can run here: bubblewrap is tried, not looked up."""
    if sys.platform == "win32":
        raise SandboxError("Windows では動かせません。WSL（Linux）の中で実行してください。")
    if unprotected:
        return
    if sys.platform != "linux":
        raise SandboxError(MISSING.format(why="Linux ではありません"))
    if shutil.which("bwrap") is None:
        raise SandboxError(MISSING.format(why="入っていません"))
    try:
        tried = subprocess.run([*_bubblewrap(), "/bin/true"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(MISSING.format(why=str(error))) from None
    if tried.returncode:
        raise SandboxError(MISSING.format(why=" ".join(tried.stderr.split())[:200] or "理由は不明です"))


def run(
    command: list[str],
    given: bytes,
    *,
    seconds: float,
    memory: int,
    halt: threading.Event,
    unprotected: bool = False,
) -> Outcome:
    """Run `command` with `given` as its input, and return what it wrote to the file descriptor named by SAWARU_REPORT.

    It is stopped after `seconds`, when `halt` is set, or when its processes hold more than `memory` bytes together, or are too many, or report too much.
    Unprotected runs must come one after another: each ends what has newly come to this process.
    """
    with tempfile.TemporaryDirectory(prefix="sawaru-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        (work / "home").mkdir()
        home = str(work / "home") if unprotected else "/tmp"
        reading, writing = os.pipe()
        (work / "given").write_bytes(given)
        before: set[int] = set()
        if unprotected:
            before = {child.pid for child in psutil.Process().children(recursive=True)}
            _adopt_orphans()
        with (work / "given").open("rb") as stdin:
            process = subprocess.Popen(
                [*([] if unprotected else _bubblewrap()), *command],
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(writing,),
                cwd=home if unprotected else "/",
                env=_environment(home, writing, memory),
                start_new_session=True,
            )
            os.close(writing)
            try:
                report, stopped = _watch(process, reading, seconds, memory, halt)
            finally:
                os.close(reading)
                _end(process)
                if unprotected:
                    _kill_orphans(before)
        return Outcome(report, stopped, process.returncode)


def _bubblewrap() -> list[str]:
    """The beginning of a command that runs the rest of it in a place of its own."""
    paths = [*_SYSTEM, *(f"/etc/{name}" for name in _SETTINGS), sys.prefix, sys.base_prefix]
    paths += [*site.getsitepackages(), site.getusersitepackages(), _library()]
    binds = [part for path in dict.fromkeys(paths) for part in ("--ro-bind-try", path, path)]
    size = str(FOLDER_BYTES)
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox"),
        *("--cap-drop", "ALL"),  # run by root, it would keep them all
        *("--size", size, "--tmpfs", "/tmp"),
        *binds,  # after /tmp, for a Python that lives there
        *("--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm"),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"),
    ]


def _library() -> str:
    """The folder that holds `sawaru`, of an installed or an editable copy."""
    return str(Path(sawaru.__file__).parent.parent)


def _environment(home: str, report: int, memory: int) -> dict[str, str]:
    """Nothing of the teacher's own: no tokens, no settings."""
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "PYTHONPATH": _library(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "SAWARU_REPORT": str(report),
        "SAWARU_MEMORY": str(memory),
    }
    environment |= dict.fromkeys(
        ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"), home
    )
    return environment


def _watch(
    process: subprocess.Popen[bytes], reading: int, seconds: float, memory: int, halt: threading.Event
) -> tuple[bytes, str]:
    """Gather the report until the command ends or oversteps a limit."""
    report, deadline = bytearray(), time.monotonic() + seconds
    os.set_blocking(reading, False)
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None
            if selector.select(0 if ended else _POLL):
                with contextlib.suppress(BlockingIOError):
                    chunk = os.read(reading, 65536)
                    report += chunk
                    if not chunk:  # every holder of the pipe has closed it
                        selector.unregister(reading)
                        if not ended:
                            with contextlib.suppress(subprocess.TimeoutExpired):
                                process.wait(max(0.0, min(5.0, deadline - time.monotonic())))
                        return bytes(report), ""
            elif ended:
                return bytes(report), ""
            if halt.is_set():
                return bytes(report), "全体を途中でやめました。"
            if len(report) > MAX_REPORT:
                return bytes(report[:MAX_REPORT]), "表示や報告が多すぎるので、途中で止めました。"
            if time.monotonic() > deadline:
                return bytes(report), f"{seconds:g} 秒たっても終わらないので、途中で止めました。"
            held, count = _usage(process.pid)
            if held > memory:
                return (
                    bytes(report),
                    f"メモリを {memory / 1e9:g} GB より多く使ったので、途中で止めました。",
                )
            if count > MAX_PROCESSES:
                return bytes(report), f"プロセスを {MAX_PROCESSES} より多く作ったので、途中で止めました。"


def _usage(pid: int) -> tuple[int, int]:
    """The memory of a process and all below it that is their own [bytes], and how many they are."""
    held = count = 0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                info = process.memory_info()
                held += info.rss - getattr(info, "shared", 0)
                count += 1
    return held, count


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and everything below it. In bubblewrap the kernel itself ends what is left."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _adopt_orphans() -> None:
    """Have processes that leave their parent come to this one, so that none can slip away (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _kill_orphans(before: set[int]) -> None:
    for _ in range(100):
        mine = [c for c in psutil.Process().children(recursive=True) if c.pid not in before]
        if not mine:
            return
        for child in mine:
            with contextlib.suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(mine, timeout=0.2)
