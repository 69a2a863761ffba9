"""The result of a weighting experiment: verdicts first, then the numbers behind them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._experiment_parts import Estimable, GlobalTest, ItemTest, Protocol, SuperiorityTest
from ._frames import frame_like
from ._html import listed, table
from ._planner import Planned
from ._planner_basis import PlanningBasis
from ._result import Result

Floats = NDArray[np.float64]
Table = dict[str, tuple[Any, ...]]


@dataclasses.dataclass(frozen=True)
class WeightingResult(Planned, Result):
    """What a weighting experiment showed.

    Attributes
    ----------
    verdict : str
        Of the primary scheme, or of the best of all that were tried.
    verdicts, gains, slopes, weights, performance, stability : frame
    estimable : Estimable
    global_test : GlobalTest
        F test of equal slopes.
    scatter_test : GlobalTest
        Score test of slopes that scatter about a common one; needs fewer sites than the F test.
    superiority : SuperiorityTest or None
        Whether any of the schemes beats the reference, many tried at once.
    item_test : ItemTest or None
    floor : float or None
        The smallest p-value that this design can reach.
    protocol : Protocol
    picked_gain : float or None
        Gain of picking, for each site, the scheme that is best without it (which, is in `picked`).
    sentences : tuple of str
        The verdict in plain English, with the numbers behind it.
    caveats : tuple of str
    """

    verdict: str
    headline: str | None
    sentences: tuple[str, ...]
    caveats: tuple[str, ...]
    estimable: Estimable
    global_test: GlobalTest
    scatter_test: GlobalTest
    superiority: SuperiorityTest | None
    item_test: ItemTest | None
    floor: float | None
    refused: str
    replicates: int
    undefined: int
    base_error: float
    outcome_variance: float
    protocol: Protocol
    tables: dict[str, Table]
    names: tuple[str, ...]
    sites: tuple[str, ...]
    site_totals: Floats
    site_outcomes: Floats
    site_sizes: Floats
    data_hash: str
    basis: PlanningBasis | None
    picked_gain: float | None

    def _frame(self, name: str) -> Any:
        return frame_like(self.tables[name], self._like)

    @property
    def verdicts(self) -> Any:
        """One row per scheme: verdict, status, gain with its interval, p-values, and a sentence.

        `set_p` is the p for staying in the model confidence set; `failed_folds` and `failure` tell of schemes that
        could not be fitted in some training folds.
        """
        return self._frame("verdicts")

    @property
    def gains(self) -> Any:
        """One row per scheme but the reference: gain in Q2, its interval, p, sites won, lost and tied."""
        return self._frame("gains")

    @property
    def slopes(self) -> Any:
        """One row per scheme and item: slope per scale point, its contrast to the mean slope, weight, marks."""
        return self._frame("slopes")

    @property
    def weights(self) -> Any:
        """One row per item, one column per scheme."""
        return self._frame("weights")

    @property
    def performance(self) -> Any:
        """One row per scheme: held-out Q2, mean squared error, sites won."""
        return self._frame("performance")

    @property
    def stability(self) -> Any:
        """One row per scheme and item: range of the weight over training folds, which is no confidence interval."""
        return self._frame("stability")

    @property
    def influence(self) -> Any:
        """One row per scheme and site: the gain when the whole contest is rerun without the site."""
        return self._frame("influence")

    @property
    def reversals(self) -> Any:
        """One row per scheme and site: total, equated weighted total, ranks, and bands where the scale has them."""
        return self._frame("reversals")

    @property
    def consequences(self) -> Any:
        """One row per scheme: pairs of sites that swap ranks and sites that change bands.

        Beside each stands what weights learnt where equal weights are true would change on average: noise alone. Bands
        are counted where the scale has them, all of its items take part, and no weight is negative.
        """
        return self._frame("consequences")

    @property
    def flips(self) -> Any:
        """One row per one-point change of an item that moves a site to another band."""
        return self._frame("flips")

    @property
    def scores(self) -> Any:
        """One row per scheme: the secondary scores of held-out predictions.

        `calibration_slope` is 1 when predictions are neither too bold nor too timid. `log_score` is the cross-entropy
        per participant; it is infinite, and left out, when `impossible` rows had an outcome that was predicted to be
        impossible; `log_score_bounded` keeps predictions half a participant away from 0 and 1. The AUC is a call of its
        own: `WeightingExperiment.concordance`.
        """
        return self._frame("scores")

    @property
    def picked(self) -> Any:
        """One row per site: the scheme that is best without it, which picking the best would pick."""
        return self._frame("picked")

    @property
    def imputation(self) -> Any:
        """One row per scheme: how its gain was pooled over completed copies; None where nothing was imputed."""
        return self._frame("imputation") if "imputation" in self.tables else None

    @property
    def how_to_report(self) -> tuple[str, ...]:
        """Sentences for a paper: what was done, with sources, and what it showed."""
        from ._experiment_words import reporting

        return reporting(self)

    def to_html(self, path: Any = None) -> str:
        """Return the result as one self-contained page with its figures, and write it to `path` if there is one."""
        from ._experiment_page import page

        text = page(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_docx(self, path: Any) -> None:
        """Write verdict, contest table, weights and appendix as a Word file; needs the extra `docx`."""
        from ._experiment_document import document
        from ._render_docx import write

        write(document(self), Path(path))

    def to_latex(self, path: Any = None, *, standalone: bool = True) -> str:
        """Return the same as LaTeX (a document, or the tables alone), and write it to `path` if there is one."""
        from ._experiment_document import document
        from ._render_latex import latex

        text = latex(document(self), standalone=standalone)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def tidy(self) -> Any:
        """Return one row per scheme but the reference: its gain, with the p-value adjusted for all schemes."""
        gains = self.tables["gains"]
        return frame_like(
            {
                "term": gains["scheme"],
                "estimate": gains["gain"],
                "std_error": gains["std_error"],
                "statistic": tuple(None for _ in gains["scheme"]),
                "p_value": gains["p_adjusted"],
                "conf_low": gains["conf_low"],
                "conf_high": gains["conf_high"],
            },
            self._like,
        )

    def _planning(self) -> PlanningBasis | None:
        return self.basis

    def __repr__(self) -> str:
        from ._experiment_words import screen

        return screen(self)

    def _html(self) -> str:
        import html

        gains = self.tables["verdicts"]
        columns = ("scheme", "held-out Q2", "gain", "from", "to", "p", "p, all schemes", "sites won", "verdict")
        rows = list(
            zip(
                gains["scheme"],
                self.tables["performance"]["q2"],
                gains["gain"],
                gains["conf_low"],
                gains["conf_high"],
                gains["p_value"],
                gains["p_adjusted"],
                self.tables["performance"]["sites_won"],
                gains["verdict"],
                strict=True,
            )
        )
        lead = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences)
        note = f"Gain: Q2 minus that of {self.protocol.reference}; {self.protocol}."
        caption = f"Weighting experiment: {self.verdict}"
        return f"{lead}{table(caption, columns, rows, note=note)}{listed(self.caveats)}"

    def plot(self, kind: str = "slopes", ax: Any = None) -> Any:
        """Draw one figure; returns the Axes.

        Parameters
        ----------
        kind
            "slopes": each item's slope under every scheme, with the common slope; "gains": the gain of every scheme
            with its interval and d; "outcome": plain total against outcome, points by size.
        ax
            Matplotlib Axes; made when None.
        """
        from ._experiment_plots import draw

        return draw(self, kind, ax)

    def plot_slopes(self, ax: Any = None) -> Any:
        """Draw the forest of slopes."""
        return self.plot("slopes", ax)

    def plot_gains(self, ax: Any = None) -> Any:
        """Draw the forest of gains."""
        return self.plot("gains", ax)

    def plot_outcome(self, ax: Any = None) -> Any:
        """Draw the plain total against the outcome."""
        return self.plot("outcome", ax)
