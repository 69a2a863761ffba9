"""The command line: `python -m steelyard demo | report | template | versions`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import SteelyardError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="steelyard", description="Weigh fidelity items by the outcomes that go with them."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", help="run the main job on the embedded Norwegian study and write a report")
    demo.add_argument("--output", type=Path, default=Path("output"), help="folder of the report (default: output)")
    demo.add_argument("--seed", type=int, default=1, help="seed of everything that is drawn (default: 1)")

    report = commands.add_parser("report", help="write the report for your own scoring sheet")
    report.add_argument("scores", type=Path, help="CSV or XLSX, one row per site and one column per item")
    report.add_argument("--scale", default="ips-25", help="name of a shipped scale, or a .toml/.json file")
    report.add_argument(
        "--outcomes",
        type=Path,
        help="CSV with site and either k and n, or outcome (a number per site); or participants (CSV, XLSX, .sav)",
    )
    report.add_argument("--outcome", help="the participants' outcome column (default: the one that holds yes and no)")
    report.add_argument("--output", type=Path, default=Path("output"), help="folder of the report (default: output)")
    report.add_argument("--seed", type=int, default=1, help="seed of everything that is drawn (default: 1)")

    template = commands.add_parser("template", help="write an empty scoring sheet")
    template.add_argument("file", type=Path, help="where to write it (.csv or .xlsx); an existing file is kept")
    template.add_argument("--scale", default="ips-25", help="name of a shipped scale, or a .toml/.json file")

    commands.add_parser("versions", help="print what a bug report needs")
    return parser


def _demo(options: argparse.Namespace) -> None:
    from .report import demo

    _announce(demo(options.output, seed=options.seed))


def _report(options: argparse.Namespace) -> None:
    from .report import own_data

    _announce(
        own_data(
            options.scores,
            scale=options.scale,
            outcomes=options.outcomes,
            outcome=options.outcome,
            output=options.output,
            seed=options.seed,
        )
    )


def _template(options: argparse.Namespace) -> None:
    from .scale import Scale, write_template

    write_template(Scale.load(options.scale), options.file)
    print(f"Wrote {options.file}: one row per item, one column per site. Fill it in, with a column for each site.")
    print(f"Then: python -m steelyard report {options.file} --scale {options.scale} --outcomes outcomes.csv")


def _versions(_options: argparse.Namespace) -> None:
    from ._versions import show_versions

    show_versions()


def _announce(written: tuple[str, Path]) -> None:
    summary, path = written
    print(summary)
    print(f"\nReport: {path}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 2 input that cannot be used, 130 interrupted."""
    options = _parser().parse_args(arguments)
    run = {"demo": _demo, "report": _report, "template": _template, "versions": _versions}[options.command]
    try:
        run(options)
    except (SteelyardError, OSError) as error:
        print(f"steelyard {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"steelyard {options.command}: interrupted; nothing was written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
