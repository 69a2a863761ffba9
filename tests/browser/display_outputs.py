"""Heavy checks of what displays write: LaTeX is compiled, Word files and workbooks are opened and pictured.

Run by `make display-outputs`, which installs TeX and LibreOffice where it may. Pictures to look at are left in the
folder named on the command line. Ten thousand hostile strings go through each of them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from axe_page import displays

import steelyard as sy
from test_display_outputs import hostile, hostile_display

_BATCHES, _BATCH = 5, 2000


def run(folder: Path, *command: str) -> str:
    """Run a program in a folder; its output is shown when it fails."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=900, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-1000:]}")
    return done.stdout


def latex(folder: Path, name: str, display: sy.JointDisplay, *, passes: int = 2) -> None:
    """Compile with both engines."""
    display.to_latex(folder / f"{name}.tex")
    for engine in ("pdflatex", "xelatex"):
        for _ in range(passes):
            run(folder, engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", f"{name}.tex")
        shutil.copy(folder / f"{name}.pdf", folder / f"{name}-{engine}.pdf")
        text = run(folder, "pdftotext", f"{name}-{engine}.pdf", "-")
        assert len(text) > 100, f"{name} by {engine} has no text"
        print(f"{name}: {engine} compiles, {len(text)} characters")


def office(folder: Path, name: str, display: sy.JointDisplay) -> None:
    """Let LibreOffice open the Word file and the workbook."""
    display.to_docx(folder / f"{name}.docx")
    display.to_xlsx(folder / f"{name}.xlsx")
    for kind in ("docx", "xlsx"):
        target = folder / f"office-{kind}"
        run(folder, "soffice", "--headless", "--convert-to", "pdf", "--outdir", str(target), f"{name}.{kind}")
        made = target / f"{name}.pdf"
        assert made.exists(), f"LibreOffice did not open {name}.{kind}"
        run(folder, "pdftoppm", "-r", "70", "-png", "-l", "3", str(made), str(target / name))
        print(f"{name}.{kind}: opened, {made.stat().st_size} bytes as PDF")


def main() -> None:
    """Run all checks."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name, display in zip(("lens", "visual", "convergence"), displays(), strict=True):
        display.to_html(folder / f"{name}.html")
        display.to_png(folder / f"{name}.png", dpi=150)
        display.to_svg(folder / f"{name}.svg")
        latex(folder, name, display)
        office(folder, name, display)
    for batch in range(_BATCHES):
        nasty = hostile_display(hostile(_BATCH, seed=4 + batch), charts=batch == 0)
        # A second pass only settles the widths of a longtable.
        latex(folder, f"hostile-{batch}", nasty, passes=1)
        office(folder, f"hostile-{batch}", nasty)
    print(f"{_BATCHES * _BATCH} hostile strings compile and open. Pictures to look at: {folder}")


if __name__ == "__main__":
    main()
