"""Notebook 01 in real JupyterLab and headless Chromium: run all, see the tables, interrupt a long bootstrap.

Run by `make jupyter`, which installs what it needs; not part of `make test`.
"""

from __future__ import annotations

import json
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
# What was seen, to be looked at.
PICTURES = ROOT / os.environ.get("OUTPUT", "output") / "jupyter"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
# A loaded machine is slow; a page that never comes fails all the same.
PATIENCE = 300_000
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
    # Every cell is in the page, not only those near the viewport.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}
pytestmark = pytest.mark.timeout(900)
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
    """Serve the notebooks by a JupyterLab that knows no settings, workspaces or kernels of the user's own."""
    folder, own = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("own")
    shutil.copy(ROOT / "notebooks" / "01_norwegian_ips.ipynb", folder / "study.ipynb")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    long = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LONG)], metadata=kernel)
    nbformat.write(long, folder / "long.ipynb")
    for name, content in SETTINGS.items():
        path = own / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    places = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    places |= {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    # A kernel that was told of a backend would not show figures.
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    environment |= {name: str(own / place) for name, place in places.items()}
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ip=127.0.0.1", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **quiet) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_up(address)
            yield address
        finally:
            server.terminate()


def _wait_until_up(address: str) -> None:
    for _ in range(240):
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


def _open(browser: Any, lab: str, name: str) -> Any:
    """Open a notebook and wait for its own kernel: the page says idle before there is one."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.set_default_timeout(PATIENCE)
    # A workspace of its own: JupyterLab would restore the notebook of the test before, too.
    page.goto(f"{lab}/lab/workspaces/{name.partition('.')[0]}/tree/{name}")
    page.wait_for_selector(".jp-Notebook")
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    for _ in range(240):
        with urllib.request.urlopen(f"{lab}/api/sessions") as told:
            if any(one["path"] == name and one["kernel"] for one in json.load(told)):
                return page
        time.sleep(0.5)
    raise AssertionError(f"JupyterLab started no kernel for {name}")


def _run_all(page: Any) -> None:
    """Run all cells; where JupyterLab asks for a kernel first, take the one that it offers and run again."""
    asked = page.locator(".jp-Dialog button.jp-mod-accept")
    running = page.locator(".jp-CodeCell .jp-InputArea-prompt", has_text=re.compile(r"\[(\*|\d+)\]"))
    for _ in range(3):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text(re.compile("^Run All Cells")).click()
        asked.or_(running).first.wait_for(state="attached")
        if not asked.count():
            return
        asked.click()
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        time.sleep(2)
    raise AssertionError("JupyterLab keeps asking for a kernel")


def _wait_until_run(page: Any) -> None:
    """Wait until every code cell carries its number, or one of them failed."""
    done = """() => {
        if (document.querySelector("[data-mime-type='application/vnd.jupyter.error']")) return true;
        const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')];
        return prompts.length > 0 && prompts.every(p => /\\[\\d+\\]/.test(p.textContent));
    }"""
    try:
        page.wait_for_function(done)
    finally:
        _picture(page, "run")
    errors = page.locator("[data-mime-type='application/vnd.jupyter.error']").all_inner_texts()
    assert not errors, errors[0][-500:]


def _picture(page: Any, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))


def test_the_study_notebook_runs_and_shows_its_tables_and_figures(lab: str, browser: Any) -> None:
    page = _open(browser, lab, "study.ipynb")
    _run_all(page)
    _wait_until_run(page)
    outputs = page.locator(".jp-OutputArea-output")
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    captions = page.locator(".jp-OutputArea-output table caption")
    assert captions.count() >= 4
    plotted = sum(".plot" in text for text in page.locator(".jp-CodeCell .cm-content").all_inner_texts())
    assert page.locator(".jp-OutputArea-output img").count() == plotted >= 3
    heights = [outputs.nth(i).bounding_box()["height"] for i in range(outputs.count())]
    assert max(heights) <= 1600
    for i in range(captions.count()):
        captions.nth(i).scroll_into_view_if_needed()
        assert captions.nth(i).is_visible()
        _picture(page, f"table_{i}")
    page.locator(".jp-OutputArea-output img").first.scroll_into_view_if_needed()
    _picture(page, "figure")


def test_interrupting_a_long_bootstrap_keeps_the_part(lab: str, browser: Any) -> None:
    page = _open(browser, lab, "long.ipynb")
    _run_all(page)
    page.wait_for_selector(".jp-OutputArea-output progress")
    time.sleep(3)
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Interrupt Kernel", exact=False).first.click()
    page.wait_for_selector("text=kept True")
    # The bar redraws itself in one output, and is gone at the end.
    assert page.locator(".jp-OutputArea-output progress").count() == 0
    assert page.locator(".jp-OutputArea-output").count() == 2
    _picture(page, "interrupted")
