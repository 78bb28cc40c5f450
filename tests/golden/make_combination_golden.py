#!/usr/bin/env python3
"""Makes combination.json: combined and adjusted p-values and e-values.

usage: make_combination_golden.py > combination.json      (Debian 12: python3-scipy, python3-mpmath, r-base-core)

Fisher and Stouffer come from scipy.stats.combine_pvalues, where R's or SciPy's normal and chi-square tails stay
accurate; Cauchy and the mixture calibrator from their definitions with 60 digits; adjustments from R's p.adjust.
"""

import datetime
import json
import subprocess
import sys

import mpmath
import numpy as np
import scipy
from mpmath import mpf
from scipy import stats

mpmath.mp.dps = 60


def cauchy(p, weights):
    total = sum(map(mpf, weights))
    t = sum(mpf(w) / total * mpmath.cot(mpmath.pi * mpf(v)) for v, w in zip(p, weights))
    return float(mpmath.atan2(1, t) / mpmath.pi)


def combination_cases():
    lists = [([0.3], [1.0]), ([0.01, 0.2, 0.9], [1.0, 1.0, 1.0]), ([0.04, 0.5], [3.0, 1.0]),
             ([1e-100, 1e-80, 0.9999], [1.0, 2.0, 0.5]), ([1e-250, 0.7, 0.7, 0.7], [1.0] * 4),
             ([1 - 1e-12, 0.999, 0.98], [1.0, 0.3, 0.3]), ([0.5, 0.5 + 2.0 ** -40], [1.0, 1.0]),
             ([1e-16, 1 - 2.0 ** -53], [1.0, 1.0]), ([0.011 * i for i in range(1, 91)], [1.0] * 90)]
    return [{"p": p, "weights": w, "fisher": float(stats.combine_pvalues(p, "fisher")[1]),
             "stouffer": float(stats.combine_pvalues(p, "stouffer", weights=w)[1]), "cauchy": cauchy(p, w)}
            for p, w in lists]


def adjust_cases():
    cases = []
    for p in [[0.5], [0.01, 0.04, 0.03], [0.2, 0.2, 0.2], [1e-5, 0.9, 0.011, 0.02, 1.0, 0.0], [0.01 * i * i for i in range(1, 10)]]:
        for extra in [0, 3]:
            case = {"p": p, "family": len(p) + extra}
            for method in ["bonferroni", "holm", "BH", "BY"]:
                vector = "c(" + ",".join(map(repr, p)) + ")"
                # p.adjust(n = ...) is for the smallest p-values only, so the missing ones are given as 1.
                program = (f"cat(sprintf('%.17g ', p.adjust(c({vector}, rep(1, {extra})), '{method}')"
                           f"[seq_len({len(p)})]))")
                out = subprocess.run(["Rscript", "--vanilla", "-e", program], capture_output=True, text=True, check=True)
                case[method] = list(map(float, out.stdout.split()))
            cases.append(case)
    return cases


def calibrator_cases():
    cases = []
    for p in [1e-300, 1e-20, 0.001, 0.05, 0.3, 0.36, 0.37, 0.9, 1 - 1e-9]:
        l = -mpmath.log(mpf(p))
        cases.append({"p": p, "log_mixture": float(mpmath.log((mpmath.exp(l) - 1 - l) / l ** 2))})
    return cases


def main():
    version = subprocess.run(["Rscript", "--version"], capture_output=True, text=True)
    json.dump({"made_with": f"python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}, "
                            f"mpmath {mpmath.__version__}, {(version.stdout + version.stderr).strip()}; "
                            f"{datetime.date.today()}",
               "combination": combination_cases(), "adjust": adjust_cases(), "calibrator": calibrator_cases()},
              sys.stdout)
    print()


if __name__ == "__main__":
    main()
