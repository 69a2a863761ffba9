"""Notebook 01 in real JupyterLab and headless Chromium: run all, see the tables, interrupt a long bootstrap.

Run by `make jupyter`, which installs what it needs; not part of `make test`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
LONG = """
import numpy as np
import steelyard as sy
try:
    data = np.random.default_rng(0).normal(size=2000)
    sy.bootstrap(data, "median", n_resamples=5_000_000, method="percentile", rng=1)
except sy.Interrupted as stop:
    print("kept", stop.partial.n_resamples > 0)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "notebooks" / "01_norwegian_ips.ipynb", folder / "study.ipynb")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    long = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LONG)], metadata=kernel)
    nbformat.write(long, folder / "long.ipynb")
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ip=127.0.0.1", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_up(address)
            yield address
        finally:
            server.terminate()


def _wait_until_up(address: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{address}/api", timeout=1):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("JupyterLab did not start")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.fail("Chromium is needed: install it (Debian: apt-get install chromium) or set CHROMIUM to its path")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


def _open(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.goto(address)
    page.wait_for_selector(".jp-Notebook", timeout=60_000)
    page.wait_for_selector(
        '.jp-NotebookPanel-toolbar [data-status="idle"], .jp-Notebook-ExecutionIndicator[data-status="idle"]',
        timeout=60_000,
    )
    return page


def _run_all(page: Any) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text(re.compile("^Run All Cells")).click()


def test_the_study_notebook_runs_and_shows_its_tables(lab: str, browser: Any, tmp_path: Path) -> None:
    page = _open(browser, f"{lab}/lab/tree/study.ipynb")
    _run_all(page)
    page.wait_for_selector(".jp-OutputArea-output table caption", timeout=120_000)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=120_000)
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.locator(".jp-RenderedHTML table").count() >= 3
    page.screenshot(path=str(tmp_path / "study.png"))


def test_interrupting_a_long_bootstrap_keeps_the_part(lab: str, browser: Any) -> None:
    page = _open(browser, f"{lab}/lab/tree/long.ipynb")
    _run_all(page)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="busy"]', timeout=60_000)
    time.sleep(3)
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Interrupt Kernel", exact=False).first.click()
    page.wait_for_selector("text=kept True", timeout=30_000)
