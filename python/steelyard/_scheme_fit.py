"""One fit of one scheme, as a result."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._axes import axes_of
from ._brief import brief
from ._frames import columns_of, frame_like, is_frame
from ._html import table
from ._random import RNG, seed_of
from ._result import Result
from ._rows import matrix_of
from ._scheme_inference import IntegerWeights, SlopeInference, inference_from
from .errors import refuse

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class SchemeFit(Result):
    """What a scheme made of the data.

    Attributes
    ----------
    scheme : str
        Name of the scheme.
    names : tuple of str
        Items, length p; all item vectors are in this order.
    slopes : ndarray
        Outcome (or log odds) per scale point, length p. Items that do not vary carry the share of their prior weight.
    weights : ndarray
        The same direction, summing to p when none is negative, else with absolute values that do.
    signed : bool
        Whether a weight is negative; such a score has no bands.
    intercept : float
        Goes with the slopes and covariate coefficients.
    covariate_coefficients : ndarray
        Coefficients of the covariates, length q.
    status : str
        `ok`, `interpolates`, `singular`, `separated`, `empty`, `same as unit`, `undefined` or `refused`.
    reason : str
        Why, where the status needs a reason.
    estimability : str
        `estimable`, `some combinations estimable` or `not estimable`: what the design can know, whatever the scheme.
    estimable : tuple of str
        Items (or sums of items that move together) whose slope the design determines.
    rank : int
        Rank of the centred items after covariates.
    constant, pinned : tuple of str
        Items that do not vary; items pinned to their prior weight.
    collinear : tuple of tuple of str
        Groups of items that move together exactly.
    penalty : float or None
        The penalty used, given or tuned.
    gap : float or None
        Certificate of an iterative fit, relative to the null objective: a duality gap or KKT residual.
    r_squared : float
        Share of the sum of squares (after covariates) explained in sample; of the deviance for binomial schemes.
    diagnostics : dict
        What else the scheme reports, by name.
    tuning : dict or None
        Penalties that were tried and what was minimised.
    covariance : ndarray or None
        Covariance of the slopes, p x p, where the scheme has sampling errors; `inference()` builds on it.
    degrees_of_freedom : float or None
        Of t intervals; None: normal ones, or none at all (`interval_method`).
    interval_method : str
        `t`, `CR2` (by site, where items or covariates vary within one), `normal`, `posterior` or `none`.
    clustered : dict or None
        `covariance` by site (CR2, p x p) and `freedom`, the degrees of freedom of each combination of slopes, for
        linear schemes with sampling errors.
    sites : int
        Sites that were fitted, where the scheme counts them.
    profiles : tuple
        Profile intervals and penalised likelihood-ratio tests per item (Firth), None where the design does not tell.
    separation : dict or None
        `items` without finite slope, the `direction` along which the likelihood rises, `finite` slopes of the others.
    """

    scheme: str
    names: tuple[str, ...]
    covariate_names: tuple[str, ...]
    slopes: Floats
    weights: Floats
    signed: bool
    intercept: float
    covariate_coefficients: Floats
    status: str
    reason: str
    estimability: str
    estimable: tuple[str, ...]
    rank: int
    constant: tuple[str, ...]
    pinned: tuple[str, ...]
    collinear: tuple[tuple[str, ...], ...]
    penalty: float | None
    gap: float | None
    r_squared: float
    diagnostics: dict[str, Any]
    tuning: dict[str, Any] | None
    outcome_kind: str
    link: str = "identity"
    covariance: Floats | None = None
    degrees_of_freedom: float | None = None
    interval_method: str = "none"
    sites: int = 0
    profiles: tuple[dict[str, float] | None, ...] = ()
    separation: dict[str, Any] | None = None
    clustered: dict[str, Any] | None = None

    @property
    def coefficients(self) -> dict[str, float]:
        """Intercept, slopes and covariate coefficients by name."""
        named = {"(intercept)": self.intercept}
        named.update(zip(self.names, self.slopes.tolist(), strict=True))
        named.update(zip(self.covariate_names, self.covariate_coefficients.tolist(), strict=True))
        return named

    def _matrix(self, items: Any) -> Floats:
        if isinstance(items, dict) or is_frame(items):
            columns = columns_of(items)
            missing = [name for name in self.names if name not in columns]
            if missing:
                raise refuse(
                    "item missing", got=", ".join(columns), allowed=", ".join(self.names), remedy=f'Add "{missing[0]}".'
                )
            items = {name: columns[name] for name in self.names}
        matrix, _ = matrix_of(items, "items", "item_")
        if matrix.shape[1] != len(self.names):
            raise refuse("items of the wrong number", got=matrix.shape[1], allowed=f"{len(self.names)}, as in the fit")
        return matrix

    def score(self, items: Any) -> Floats:
        """Return the weighted total of each row; with unit weights it is the plain total, on its own scale and bands.

        Parameters
        ----------
        items
            A frame with the same item columns, or an n x p array.
        """
        return self._matrix(items) @ self.weights

    def predict(self, items: Any, covariates: Any = None) -> Floats:
        """Return the fitted outcome of each row: a number, or a probability for schemes on the log-odds scale."""
        eta = self.intercept + self._matrix(items) @ self.slopes
        if len(self.covariate_names):
            if covariates is None:
                raise refuse("covariates missing", allowed=", ".join(self.covariate_names))
            eta = eta + matrix_of(covariates, "covariates", "covariate_")[0] @ self.covariate_coefficients
        return 1.0 / (1.0 + np.exp(-eta)) if self.link == "logit" else eta

    def inference(
        self, confidence_level: float = 0.95, *, vcov: str | None = None, n_draws: int = 20_000, rng: RNG = None
    ) -> SlopeInference:
        """Return intervals of the slopes, their contrasts to the mean slope, ranks, and whether weights can be divided.

        Parameters
        ----------
        confidence_level
            Level of every interval and rank set.
        vcov
            None: the fit's own (`interval_method`): t with sites less coefficients where a site is one unit, "CR2"
            where items or covariates vary within sites. "CR2": by site (Bell and McCaffrey 2002), with Satterthwaite's
            degrees of freedom for each combination; it does not believe in equal variances. Simultaneous intervals and
            rank sets then take the fewest degrees of freedom of all combinations, which is on the safe side.
        n_draws
            Draws behind the simultaneous critical values; their Monte Carlo error is in the result.
        rng
            An int, a NumPy Generator, or None.

        Raises
        ------
        InputError
            For schemes without sampling errors (penalised and constrained ones: use `scheme.stability`), and where no
            site is left to tell the error by.

        References
        ----------
        Hothorn, Bretz and Westfall (2008), doi:10.1002/bimj.200810425; Mogstad, Romano, Shaikh and Wilhelm (2024),
        doi:10.1093/restud/rdad006; Pustejovsky and Tipton (2018), doi:10.1080/07350015.2016.1247004.

        Examples
        --------
        >>> import numpy as np, steelyard as sy
        >>> rng = np.random.default_rng(1)
        >>> x = rng.integers(1, 6, (40, 2)).astype(float)
        >>> y = x @ [1.0, 0.2] + rng.normal(size=40)
        >>> found = sy.schemes.OLS().fit(x, y).inference(rng=1)
        >>> found.ranks["item_1"]["worst"], found.contrasts["item_1"]["conf_low"] > 0
        (1, True)
        """
        if vcov not in (None, "CR2"):
            raise refuse("vcov not known", at="vcov", got=repr(vcov), allowed="None or 'CR2'")
        if vcov == "CR2" and self.clustered is None and self.covariance is not None and not self.penalty:
            raise refuse(
                "no covariance by site",
                at="vcov",
                got=self.scheme,
                allowed="a linear fit in which no direction is known to one site alone",
                remedy="Use vcov=None, or sy.regress(..., sites=...) for logistic regressions.",
            )
        if self.covariance is None or self.interval_method == "none":
            left = "no site is left over to tell the error by" if self.covariance is not None else self.status
            raise refuse(
                "no sampling errors of slopes",
                got=f"{self.scheme}, {left}",
                allowed="an unpenalised fit with more sites than coefficients",
                remedy="Use scheme.stability(...) for a range over refits, or Shrink(...).posterior(...).",
            )
        if self.penalty:
            raise refuse(
                "no confidence intervals for a penalised fit",
                got=f"penalty {self.penalty:.4g}",
                remedy="Use scheme.stability(...) for a range over refits.",
            )
        seed = seed_of(rng)
        if self.clustered is not None and "CR2" in (vcov, self.interval_method):
            freedom = self.clustered["freedom"]
            covariance, df, method = np.asarray(self.clustered["covariance"]), freedom["fewest"], "CR2"
        else:
            freedom, covariance, df, method = None, self.covariance, self.degrees_of_freedom, self.interval_method
        spoken = None if freedom is None else json.dumps(freedom)
        raw = _core.slope_inference(self.slopes, covariance, df, confidence_level, n_draws, seed, spoken)
        return inference_from(raw, self.scheme, self.names, df, confidence_level, seed, method)

    def whole_weights(self, items: Any, *, largest: int = 3) -> IntegerWeights:
        """Return the best rounding of the weights to whole numbers, with what it loses on these rows.

        Parameters
        ----------
        items
            Rows of the same items: the sites among which the score is to tell.
        largest
            Largest whole weight, 1 to 100.
        """
        x = self._matrix(items)
        centred = x - x.mean(axis=0)
        raw = _core.integer_weights(np.ascontiguousarray(centred.T @ centred), self.weights, largest)
        weights = np.array(raw.pop("weights"), dtype=np.int64)
        return IntegerWeights(names=self.names, weights=weights, largest=largest, **raw)

    def tidy(self) -> Any:
        """Return one row per item: term, estimate (the slope), weight, and whether the design determines the slope."""
        return frame_like(
            {
                "term": self.names,
                "estimate": self.slopes,
                "weight": self.weights,
                "pinned": [name in self.pinned for name in self.names],
                "estimable": [name in self.estimable for name in self.names],
            },
            self._like,
        )

    def __repr__(self) -> str:
        lines = [f"{self.scheme} weights of {len(self.names)} items: {self.status}, {self.estimability}"]
        if self.reason:
            lines.append(f"  {self.reason}")
        if self.pinned:
            lines.append(f"  pinned to the prior weight (they do not vary): {', '.join(self.pinned)}")
        lines += [f"  move together: {', '.join(group)}" for group in self.collinear]
        if self.penalty is not None:
            lines.append(f"  penalty {self.penalty:.4g}")
        width = max(map(len, self.names))
        lines.append(f"  {'':{width}}  weight  slope")
        lines += brief(
            [
                f"  {name:{width}}  {weight:6.2f}  {slope:.4g}"
                for name, weight, slope in zip(self.names, self.weights, self.slopes, strict=True)
            ]
        )
        return "\n".join(lines)

    def _html(self) -> str:
        rows = [
            (name, float(weight), float(slope), "pinned" if name in self.pinned else "")
            for name, weight, slope in zip(self.names, self.weights, self.slopes, strict=True)
        ]
        caption = f"{self.scheme}: {self.status}, {self.estimability}"
        return table(caption, ("item", "weight", "slope", ""), rows, note=self.reason)

    def plot(self, ax: Any = None) -> Any:
        """Draw the weights as a bar per item against the unit weight; returns the Axes."""
        ax = axes_of(ax, 6, 0.28 * len(self.names) + 1)
        place = np.arange(len(self.names))
        ax.barh(place, self.weights, color=["#bbbbbb" if name in self.pinned else "#31688e" for name in self.names])
        ax.axvline(1.0, color="black", linewidth=0.8, linestyle="--")
        ax.set_yticks(place, self.names)
        ax.invert_yaxis()
        ax.set_xlabel("weight (dashed: equal weights)")
        ax.set_title(f"{self.scheme}: {self.status}, {self.estimability}")
        told = "; ".join(f"{name} {weight:.2f}" for name, weight in zip(self.names, self.weights, strict=True))
        ax.set_label(f"Weights of {self.scheme}: {told}.")
        return ax


def fit_from(
    raw: dict[str, Any], scheme: str, names: tuple[str, ...], covariates: tuple[str, ...], kind: str, link: str
) -> SchemeFit:
    """Build the public result from what the core returned."""
    fit, found = raw["fit"], raw["fit"]["estimability"]
    collinear = tuple(tuple(names[j] for j in group) for group in found["collinear"])
    sums = tuple(" + ".join(collinear[at]) for at in found["sums"])
    return SchemeFit(
        scheme=scheme,
        names=names,
        covariate_names=covariates,
        slopes=np.array(fit["slopes"]),
        weights=np.array(fit["weights"]),
        signed=fit["signed"],
        intercept=fit["intercept"],
        covariate_coefficients=np.array(fit["covariates"], dtype=np.float64),
        status=fit["status"],
        reason=fit["reason"],
        estimability=found["level"],
        estimable=tuple(names[j] for j in found["slopes"]) + sums,
        rank=found["rank"],
        constant=tuple(names[j] for j in found["constant"]),
        pinned=tuple(names[j] for j in fit["pinned"]),
        collinear=collinear,
        penalty=fit["penalty"],
        gap=fit["gap"],
        r_squared=fit["r_squared"],
        diagnostics=dict(fit["diagnostics"]),
        tuning=raw.get("tuned"),
        outcome_kind=kind,
        link=link,
        **_uncertainty(fit["uncertainty"]),
        separation=_separation(fit["separation"], names),
    )


def _uncertainty(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "covariance": np.array(found["covariance"]),
        "degrees_of_freedom": found["df"],
        "interval_method": found["method"],
        "sites": found["sites"],
        "profiles": tuple(found["profiles"]),
        "clustered": found["clustered"],
    }


def _separation(found: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "items": tuple(names[j] for j in found["infinite"]),
        "direction": np.array(found["direction"]),
        "finite": {name: value for name, value in zip(names, found["finite"], strict=True) if value is not None},
        "separated_trials": found["separated_trials"],
        "complete": found["complete"],
    }
