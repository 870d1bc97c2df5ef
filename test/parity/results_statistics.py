"""Writes fixtures/results-statistics.json: the tests by which src/results compares two runs, as scipy and statsmodels
compute them on made-up scores. Run once; the tests need no Python.

    pip install scipy==1.16.3 statsmodels==0.14.5 numpy==2.4.6
    python test/parity/results_statistics.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import special, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

FILE = Path(__file__).parent / "fixtures" / "results-statistics.json"
random = np.random.default_rng(7)


def paired(a: np.ndarray, b: np.ndarray) -> dict:
    described = DescrStatsW(b - a)
    low, high = described.zconfint_mean(0.05)
    return dict(a=a.tolist(), b=b.tolist(), difference=(b - a).mean(), low=low, high=high, p=described.ztest_mean(0)[1])


def shares(n: int, right_a: float, flipped: float) -> dict:
    a = (random.random(n) < right_a).astype(float)
    b = np.where(random.random(n) < flipped, 1 - a, a)
    table = [[int(((a == x) & (b == y)).sum()) for y in (1, 0)] for x in (1, 0)]
    return {**paired(a, b), "p": mcnemar(table, exact=True).pvalue}


def two_sample(a: float, b: float, se_a: float, se_b: float) -> dict:
    se = np.sqrt(se_a**2 + se_b**2)
    low, high = stats.norm.interval(0.95, loc=b - a, scale=se)
    return dict(a=a, b=b, stderrs=[se_a, se_b], low=low, high=high, p=2 * stats.norm.sf(abs(b - a) / se))


def perplexity(n: int) -> dict:
    """Documents with their log-likelihood on both sides and their words."""
    words = random.integers(20, 200, n)
    a = -words * random.normal(3.0, 0.3, n)
    b = a + words * random.normal(0.02, 0.1, n)

    def difference(a, b, words, axis=-1):
        total = words.sum(axis=axis)
        return np.exp(-b.sum(axis=axis) / total) - np.exp(-a.sum(axis=axis) / total)

    found = stats.bootstrap(
        (a, b, words.astype(float)), difference, paired=True, vectorized=True, method="percentile", n_resamples=100_000,
        rng=random,
    )  # fmt: skip
    interval = found.confidence_interval
    drawn = found.bootstrap_distribution
    p = 2 * min((drawn <= 0).mean(), (drawn >= 0).mean())
    rows = dict(a=a.tolist(), b=b.tolist(), words=words.tolist())
    return {**rows, "difference": float(difference(a, b, words)), "low": interval.low, "high": interval.high, "p": p}


def holm(ps: list[float]) -> dict:
    return dict(ps=ps, adjusted=multipletests(ps, method="holm")[1].tolist())


points = [0, 1e-8, 0.3, 1, 1.9, 1.999, 2, 2.1, 3, 5, 8, 15, 26, -0.5, -3]
fixture = dict(
    erfc=[[x, float(special.erfc(x))] for x in points],
    mcnemar=[
        [b, c, float(stats.binomtest(min(b, c), b + c, 0.5).pvalue) if b + c else 1.0]
        for b, c in [(0, 0), (0, 1), (5, 5), (1, 9), (3, 17), (40, 61), (412, 505), (2000, 2300), (0, 900)]
    ],
    shares=[shares(60, 0.6, 0.2), shares(400, 0.3, 0.1), shares(25, 0.9, 0.0)],
    means=[paired(x := random.normal(0.5, 0.2, 80), x + random.normal(0.03, 0.1, 80))],
    twoSample=[two_sample(0.61, 0.64, 0.0114, 0.0112), two_sample(31.5, 29.1, 0.4, 0.37), two_sample(0.5, 0.5, 0.1, 0.0)],
    bootstrap=[perplexity(120), perplexity(62)],
    holm=[holm([0.01, 0.04, 0.03, 0.005]), holm([0.5, 0.6]), holm([0.001]), holm([0.02, 0.02, 0.02, 0.9, 1e-9])],
)
FILE.write_text(json.dumps(fixture, default=float) + "\n")
