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
CALLS = {
    "compiled": 'sy.bootstrap(data, "median", n_resamples=3_000_000, method="percentile", rng=1, threads=2)',
    "function": "sy.bootstrap(data, lambda v: float(np.median(v)), n_resamples=300_000, method='percentile', rng=1)",
    "vectorised": "sy.bootstrap(data, np.median, n_resamples=300_000, method='percentile', rng=1)",
    "studentized": 'sy.bootstrap(data, "mean", n_resamples=20_000_000, method="studentized", rng=1)',
    "permutation": 'sy.permutation_test((data[:9], data[9:]), "difference of means", n_resamples=20_000_000)',
    "fit": "sy.bootstrap(sy.regress(data.reshape(-1, 4), data[:500]), plan=sy.plans.Parametric(), n_resamples=10**7)",
    "counts": 'sy.bootstrap(counts, "rate", plan=sy.plans.TwoStage(np.arange(200)), n_resamples=10**7, rng=1)',
}
WORK = """
import sys, time
import numpy as np
import steelyard as sy

data = np.random.default_rng(0).normal(size=2000)
counts = np.column_stack([np.arange(200) % 7, np.full(200, 9)]).astype(float)
# Everything is loaded before the signal may come.
sy.bootstrap(data[:4], "mean")
print("ready", flush=True)
try:
    {call}
except sy.Interrupted as stop:
    kind = isinstance(stop, KeyboardInterrupt)
    print("stopped", time.time(), kind, stop.partial.n_resamples, stop.partial.status)
"""


def interrupted(call: str) -> float:
    """Return the seconds from Ctrl-C to `Interrupted` with its part in the caller's hands."""
    work = WORK.format(call=call)
    with subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "ready"
        time.sleep(0.7)
        sent = time.time()
        child.send_signal(signal.SIGINT)
        word, stopped, is_keyboard_interrupt, n_resamples, status = child.stdout.readline().split()
    assert (word, is_keyboard_interrupt, status) == ("stopped", "True", "interrupted")
    assert 0 <= int(n_resamples) < 300_000 * 100
    return float(stopped) - sent


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child process")
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_is_honoured_within_200_ms_and_keeps_the_part(name: str) -> None:
    # A busy machine may schedule us late, not three times in a row: the quickest of up to three is ours.
    seconds = []
    for _ in range(3):
        seconds.append(interrupted(CALLS[name]))
        if seconds[-1] < 0.2:
            break
    assert min(seconds) < 0.2, seconds


@pytest.mark.skipif(sys.platform == "win32", reason="interrupting a kernel by signal")
def test_interrupting_a_jupyter_kernel_keeps_the_part() -> None:
    jupyter_client = pytest.importorskip("jupyter_client")
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3")
    try:
        client.execute(WORK.format(call=CALLS["compiled"]))
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
