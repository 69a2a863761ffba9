"""The door: Ctrl-C stops a long call at once and keeps what was completed, in a process and in a Jupyter kernel."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from queue import Empty
from typing import Any

import numpy as np
import pytest

import steelyard as sy

# Long enough never to finish before the signal, small enough to keep in memory.
WORK = """
import sys, time
import numpy as np
import steelyard as sy

data = np.random.default_rng(0).normal(size=2000)
print("ready", flush=True)
try:
    sy.bootstrap(data, "median", n_resamples=3_000_000, method="percentile", rng=1, threads=2, progress=False)
except sy.Interrupted as stop:
    kept = stop.partial
    kind = isinstance(stop, KeyboardInterrupt)
    print("stopped", time.time(), kind, kept.n_resamples, len(kept.bootstrap_distribution))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child process")
def test_ctrl_c_in_a_process_keeps_the_part() -> None:
    with subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "ready"
        time.sleep(0.7)
        sent = time.time()
        child.send_signal(signal.SIGINT)
        word, stopped, is_keyboard_interrupt, n_resamples, length = child.stdout.readline().split()
    assert word == "stopped"
    assert is_keyboard_interrupt == "True"
    assert 0 < int(length) == int(n_resamples) < 3_000_000
    # The promise is 200 ms on an idle machine; a busy one may take longer to schedule us.
    assert float(stopped) - sent < 2.0


@pytest.mark.skipif(sys.platform == "win32", reason="interrupting a kernel by signal")
def test_interrupting_a_jupyter_kernel_keeps_the_part() -> None:
    jupyter_client = pytest.importorskip("jupyter_client")
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3")
    try:
        code = WORK.replace("threads=2, progress=False", "threads=2")
        client.execute(code)
        _wait_for_stream(client, "ready")
        time.sleep(0.7)
        manager.interrupt_kernel()
        printed = _wait_for_stream(client, "stopped")
        assert printed.split()[2] == "True"
        # The kernel lives on.
        client.execute("print('alive')")
        assert "alive" in _wait_for_stream(client, "alive")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _wait_for_stream(client: Any, word: str, seconds: float = 60.0) -> str:
    text = ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=1.0)
        except Empty:
            continue
        if message["msg_type"] == "error":
            raise AssertionError("\n".join(message["content"]["traceback"]))
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
            if word in text:
                return text[text.index(word) :]
    raise AssertionError(f"the kernel never printed {word!r}; got {text!r}")


def test_progress_is_reported_and_ends_complete() -> None:
    seen: list[tuple[int, int]] = []
    data = np.arange(200.0)
    sy.bootstrap(
        data,
        "median",
        n_resamples=400_000,
        method="percentile",
        rng=1,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1][0] == seen[-1][1] > 0
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(seen))


def test_an_exception_in_the_progress_callable_reaches_the_user() -> None:
    def broken(done: int, total: int) -> None:
        raise RuntimeError("the display is gone")

    with pytest.raises(RuntimeError, match="the display is gone"):
        sy.bootstrap(np.arange(200.0), "median", n_resamples=2_000_000, method="percentile", rng=1, progress=broken)
