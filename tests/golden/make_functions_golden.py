#!/usr/bin/env python3
"""Makes functions.json: special functions from mpmath with 60 digits and from R.

usage: make_functions_golden.py > functions.json      (python3 with mpmath; Debian 12: python3-mpmath, r-base-core)

Each case holds the arguments as the doubles that they are, the value from mpmath rounded once to a double, and
where R has the function its value too ("r"; R states no bound for its error, so the test compares it loosely).
Sums of positive terms in fixed point make the incomplete gamma and beta functions: mpmath's own
evaluation of them does not always converge for parameters of 1e6.
"""

import datetime
import json
import random
import subprocess
import sys

import mpmath
from mpmath import mp, mpf

mp.dps = 60
random.seed(20261124)


def positive_series(numerator, denominator, bits):
    """1 + sum_n prod_{i<n} numerator(i) / denominator(i) in fixed point; the factors are exact integers."""
    one = 1 << bits
    term, total, n = one, one, 0
    while term:
        term = term * numerator(n) // denominator(n)
        total += term
        n += 1
    return mpf(total) / one


def scaled(value):
    """The double as an integer over 2^1200; exact for every double used here."""
    return int(mpmath.ldexp(mpf(value), 1200))


def gamma_p_q(a, x):
    """P by its power series; Q as 1 - P, with enough digits that nothing of a tail of 1e-300 is lost."""
    a_int, x_int, one = scaled(a), scaled(x), 1 << 1200
    bits = 300 if x < a + 1 else 1500
    with mp.workprec(bits):
        a, x = mpf(a), mpf(x)
        total = positive_series(lambda n: x_int, lambda n: a_int + (n + 1) * one, bits)
        p = total * mpmath.exp(a * mpmath.log(x) - x - mpmath.loggamma(a + 1))
        return p, 1 - p


def beta_lower(a, b, x, bits):
    """I_x(a, b) = x^a (1-x)^b / (a B(a, b)) sum_n prod_{i<n} (a + b + i) x / (a + 1 + i)."""
    n_int, a_int, one = int(mpmath.ldexp(a + b, 400)), int(mpmath.ldexp(a, 400)), 1 << 400
    x_int = int(mpmath.ldexp(x, 400))
    total = positive_series(lambda n: (n_int + n * one) * x_int >> 400, lambda n: a_int + (n + 1) * one, bits)
    log_beta = mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)
    return total * mpmath.exp(a * mpmath.log(x) + b * mpmath.log1p(-x) - log_beta) / a


def beta_both(a, b, x):
    # Below 1/2 the series of I_x is the short one, above it that of the complement. Where that one is the large of
    # the two, 1 - it needs the digits of a tail of 1e-300.
    below_mean = x <= (a + 1) / (a + b + 2)
    bits = 300 if below_mean == (x <= 0.5) else 1500
    with mp.workprec(bits):
        a, b, x = mpf(a), mpf(b), mpf(x)
        if x <= 0.5:
            lower = beta_lower(a, b, x, bits)
            return lower, 1 - lower
        upper = beta_lower(b, a, 1 - x, bits)
        return 1 - upper, upper


def from_r(expressions):
    program = "for (v in list(" + ",".join(expressions) + ")) cat(sprintf('%.17g\\n', v))"
    out = subprocess.run(["Rscript", "--vanilla", "-"], input=program, capture_output=True, text=True, check=True)
    return [float(line) for line in out.stdout.split()]


def with_r(cases, expression):
    for case, value in zip(cases, from_r([expression(c) for c in cases])):
        case["r"] = value
    return cases


def keep(*values):
    return all(v == 0 or v >= mpf(10) ** -300 for v in values)


def gamma_cases():
    cases = []
    for a in [0.01, 0.1, 0.3, 0.5, 1, 1.5, 3, 9.5, 10, 31, 100, 1234.5, 2e4, 1e5, 1e6]:
        deviation = a ** 0.5
        points = {a * f for f in (1e-6, 0.03, 0.3, 0.7, 0.97, 1, 1.04, 1.3, 2, 5, 30)}
        points |= {a + k * deviation for k in (-30, -10, -4, -1, 1, 4, 10, 30, 36)}
        points |= {0.2, 1.4, 1.6, 7.0, 100.0, 600.0}
        for x in sorted(points):
            if x <= 0 or x > 4 * a + 700 or (a > 1e4 and not 0.7 < x / a < 1.3):
                continue
            p, q = gamma_p_q(a, x)
            if keep(p, q):
                cases.append({"a": a, "x": x, "p": float(p), "q": float(q)})
    for case, p, q in zip(cases, from_r([f"pgamma({c['x']!r},{c['a']!r})" for c in cases]),
                          from_r([f"pgamma({c['x']!r},{c['a']!r},lower.tail=FALSE)" for c in cases])):
        case["r_p"], case["r_q"] = p, q
    return cases


def beta_cases():
    cases = []
    shapes = [0.01, 0.5, 1, 2.5, 12, 100, 3000.5, 1e5, 1e6]
    for a in shapes:
        for b in shapes:
            mean = a / (a + b)
            deviation = (mean * (1 - mean) / (a + b + 1)) ** 0.5
            points = {mean + k * deviation for k in (-35, -20, -5, -1, 0, 1, 5, 20, 35)} | {1e-5 * mean, 0.3 * mean}
            points |= {1 - 0.3 * (1 - mean), 0.5 * mean + 0.5}
            for x in sorted(points):
                if not 0 < x < 1 or (a + b > 2e3 and abs(x - mean) > 40 * deviation):
                    continue
                lower, upper = beta_both(a, b, x)
                if keep(lower, upper):
                    cases.append({"a": a, "b": b, "x": x, "lower": float(lower), "upper": float(upper)})
    for case, lower, upper in zip(
            cases, from_r([f"pbeta({c['x']!r},{c['a']!r},{c['b']!r})" for c in cases]),
            from_r([f"pbeta({c['x']!r},{c['a']!r},{c['b']!r},lower.tail=FALSE)" for c in cases])):
        case["r_lower"], case["r_upper"] = lower, upper
    return cases


def normal_cases():
    points = [-9.0, -3.0, -1.0, -1e-9, 0.0, 0.1, 0.5, 1.0, 1.959963984540054, 3.0, 5.5, 8.3, 12.25, 20.0, 30.1, 37.0]
    cases = [{"z": z, "upper": float(mpmath.erfc(mpf(z) / mpmath.sqrt(2)) / 2)} for z in points]
    return with_r(cases, lambda c: f"pnorm({c['z']!r},lower.tail=FALSE)")


def quantile(p, start):
    # Newton's method on the logarithm of the tail.
    p = mpf(p)
    tail, z = min(p, 1 - p), abs(mpf(start))
    for _ in range(6):
        upper = mpmath.erfc(z / mpmath.sqrt(2)) / 2
        density = mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)
        z += upper * mpmath.log(upper / tail) / density
    return -z if p < 0.5 else z


def quantile_cases():
    points = [1e-300, 1e-250, 1e-100, 1e-30, 1e-10, 1e-4, 0.001, 0.01, 0.02425, 0.05, 0.2, 0.25, 0.3, 0.45,
              0.5 - 1e-10, 0.5, 0.5 + 2.0 ** -50, 0.6, 0.75, 0.9, 0.975, 0.999, 1 - 1e-9, 1 - 2.0 ** -53]
    cases = with_r([{"p": p} for p in points], lambda c: f"qnorm({c['p']!r})")
    for case in cases:
        case["z"] = float(quantile(case["p"], case["r"]))
    return cases


def log_gamma_cases():
    points = [1e-300, 1e-12, 1e-3, 0.1, 0.4, 0.5, 0.75, 0.999, 1 + 1e-9, 1.25, 1.5, 1.75, 1.9999, 2 + 1e-9, 2.4, 2.5,
              2.7, 3, 4.5, 7.25, 9.75, 10, 10.25, 33.3, 100, 1e3, 1e6, 1e12, 1e100]
    return with_r([{"x": x, "value": float(mpmath.loggamma(mpf(x)))} for x in points], lambda c: f"lgamma({c['x']!r})")


def chi_square_cases():
    cases = []
    for degrees in [1, 2, 3, 7, 40, 255, 4000]:
        for f in [0.1, 0.8, 1, 1.3, 2, 4]:
            for x in {degrees * f, degrees + 30 * f * degrees ** 0.5, 320.0 * f}:
                _, q = gamma_p_q(mpf(degrees) / 2, mpf(x) / 2)
                if keep(q):
                    cases.append({"x": x, "degrees": degrees, "upper": float(q)})
    return with_r(cases, lambda c: f"pchisq({c['x']!r},{c['degrees']!r},lower.tail=FALSE)")


def binomial_cases():
    cases = []
    for n, p in [(1, 0.3), (5, 0.5), (20, 0.05), (300, 0.001), (10000, 0.01), (10000, 0.25), (1000000, 0.001)]:
        mean, deviation = n * p, (n * p * (1 - p)) ** 0.5
        for k in sorted({0, 1, n - 1, n} | {round(mean + t * deviation) for t in (-20, -4, -1, 0, 1, 4, 12, 25)}):
            if not 0 <= k <= n or abs(k - mean) > 30 * deviation + 20:
                continue
            upper = beta_both(k, n - k + 1, p)[0] if k > 0 else mpf(1)
            lower = beta_both(k + 1, n - k, p)[1] if k < n else mpf(1)
            if keep(lower, upper):
                cases.append({"k": k, "n": n, "p": p, "lower": float(lower), "upper": float(upper)})
    return cases


def main():
    version = subprocess.run(["Rscript", "--version"], capture_output=True, text=True)
    r_version = (version.stdout + version.stderr).strip()
    json.dump({"made_with": f"python {sys.version.split()[0]}, mpmath {mpmath.__version__}, {r_version}; "
                            f"{datetime.date.today()}",
               "normal": normal_cases(), "quantile": quantile_cases(), "log_gamma": log_gamma_cases(),
               "gamma": gamma_cases(), "chi_square": chi_square_cases(), "beta": beta_cases(),
               "binomial": binomial_cases()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
