"""Speed of the weighting contest: the nested contest alone, and with null replicates."""

from __future__ import annotations

import steelyard as sy

from .harness import absolute


def main() -> None:
    """Run the seven default schemes on 79 sites x 25 items."""
    sites = sy.datasets.synthetic_sites(79, weights="concentrated", r2=0.5, rng=1)

    def contest(replicates: int) -> None:
        experiment = sy.WeightingExperiment(sites.items, sites.outcome, n_resamples=replicates, rng=1)
        experiment.run(threads=2, progress=False)

    # Without replicates the call still reruns the whole contest without each site, 79 times, for the interval.
    absolute("79 sites x 25 items, seven schemes, interval by 79 reruns", lambda: contest(0), at_most=60.0)
    absolute("the same with 999 null replicates, two threads", lambda: contest(999), at_most=60.0)


if __name__ == "__main__":
    main()
