"""Times five common calls in C++, through the Python module and with SciPy, and prints what Python adds.

Usage: compare_python.py BENCH MODULES [--output FILE] [--repetitions N]

BENCH is the built program python_calls_bench, MODULES the folder that holds the package pinchbeck of the same build.
For every call and size the sides run one after the other in each repetition, so that a change of the machine's speed
meets all of them; medians of processor time are compared. Without SciPy that side is left out. The exit status is 1
when the sides disagree about a statistic, 0 otherwise: a missed goal is printed, it is not an error.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np

try:
    import scipy
    import scipy.stats
except ImportError:
    scipy = None

from compare_stats import ENVIRONMENT, NANOSECONDS, STATISTIC_TOLERANCE, judge, machine, pretty, print_table

SIZES = (50, 5000)
# Most that a call through Python may take above C++ with the smaller samples, whose cost is mostly the call.
GOAL_NS = 5000
# A repetition calls so often that it lasts at least this many seconds.
SHORTEST_REPETITION = 0.02


def values(n, factor, modulus):
    """As Values() in python_calls_bench.cc."""
    i = np.arange(n)
    return i * factor % modulus + i * 0.001


def counts(n, factor):
    """As Counts() there."""
    i = np.arange(n)
    return np.bincount(i * i * factor % 97 % 12, minlength=12)


def chi_square(reference, observed):
    """SciPy wants no empty columns."""
    table = np.array([reference, observed])
    return scipy.stats.chi2_contingency(table[:, table.any(axis=0)], correction=False)[0]


def calls(ours):
    """Per benchmark: words, a call of the module and one of SciPy; each returns its statistic."""
    peer = scipy.stats if scipy else None
    return {
        "BM_KolmogorovSmirnov": ("Kolmogorov-Smirnov",
                                 lambda a, b: ours.kolmogorov_smirnov(a, b, method="asymptotic").statistic,
                                 lambda a, b: peer.ks_2samp(a, b, method="asymp").statistic),
        "BM_MannWhitney": ("Mann-Whitney",
                           lambda a, b: ours.mann_whitney(a, b, method="asymptotic").statistic,
                           lambda a, b: peer.mannwhitneyu(a, b, method="asymptotic").statistic),
        "BM_CramerVonMises": ("Cramer-von Mises",
                              lambda a, b: ours.cramer_von_mises(a, b, method="asymptotic").statistic,
                              lambda a, b: peer.cramervonmises_2samp(a, b, method="asymptotic").statistic),
        "BM_AndersonDarling": ("Anderson-Darling",
                               lambda a, b: ours.anderson_darling(a, b, method="asymptotic").statistic,
                               lambda a, b: peer.anderson_ksamp([a, b]).statistic),
        "BM_ChiSquare": ("chi-square of 12 counts",
                         lambda a, b: ours.chi_square_test([(a, b)], method="asymptotic").statistic,
                         chi_square),
    }


def inputs(name, n):
    """Both samples of a benchmark."""
    if name == "BM_ChiSquare":
        return counts(n, 5), counts(n, 7)
    return values(n, 37, 101), values(n, 53, 97)


def run_bench(program, name, n):
    """Nanoseconds of one repetition in C++, and the statistic."""
    output = subprocess.run(
        [program, f"--benchmark_filter=^{name}/{n}$", f"--benchmark_min_time={SHORTEST_REPETITION}",
         "--benchmark_format=json"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT).stdout
    (entry,) = json.loads(output)["benchmarks"]
    if entry.get("error_occurred"):
        sys.exit(f"compare_python: {name}: {entry['error_message']}")
    return entry["cpu_time"] * NANOSECONDS[entry["time_unit"]], entry["statistic"]


def how_often(call, a, b):
    """Calls that a repetition needs."""
    number = 1
    while True:
        seconds = time_calls(call, a, b, number)
        if seconds >= SHORTEST_REPETITION:
            return number
        number *= 2


def time_calls(call, a, b, number):
    """Seconds of processor time of `number` calls."""
    start = time.process_time()
    for _ in range(number):
        call(a, b)
    return time.process_time() - start


def measure(program, name, sides, n, repetitions):
    """Nanoseconds a call of every side and repetition, and the statistics found."""
    a, b = inputs(name, n)
    found = {side: {"cpu_ns": [], "statistic": float(call(a, b))} for side, call in sides.items()}
    numbers = {side: how_often(call, a, b) for side, call in sides.items()}
    found["cpp"] = {"cpu_ns": []}
    for _ in range(repetitions):
        nanoseconds, found["cpp"]["statistic"] = run_bench(program, name, n)
        found["cpp"]["cpu_ns"].append(nanoseconds)
        for side, call in sides.items():
            seconds = time_calls(call, a, b, numbers[side])
            found[side]["cpu_ns"].append(seconds / numbers[side] * 1e9)
    return found


def disagreements(words, found):
    """An error for every side whose statistic is not that of C++."""
    expected = found["cpp"]["statistic"]
    return [f"{words}: statistic {expected!r} in C++, {figures['statistic']!r} with {side}"
            for side, figures in found.items()
            if abs(figures["statistic"] - expected) > STATISTIC_TOLERANCE * max(1, abs(expected))]


def table_line(words, n, found):
    """A line of the table: times, what Python adds, the ratios."""
    median = {side: statistics.median(figures["cpu_ns"]) for side, figures in found.items()}
    added = median["python"] - median["cpp"]
    goal = f"under {pretty(GOAL_NS)}: {judge(added < GOAL_NS)}" if n == min(SIZES) else "-"
    scipy_time, ratio = "-", "-"
    if "scipy" in median:
        scipy_time, ratio = pretty(median["scipy"]), f"{median['scipy'] / median['python']:.1f}"
    return [f"{words}, {n:,} + {n:,}", pretty(median["cpp"]), pretty(median["python"]), pretty(max(added, 0)),
            f"{median['python'] / median['cpp']:.2f}", goal, scipy_time, ratio]


def main():
    """Runs everything, prints the table and writes the raw figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", help="the program python_calls_bench")
    parser.add_argument("modules", help="the folder that holds the package pinchbeck")
    parser.add_argument("--output", help="file for the raw figures, JSON")
    parser.add_argument("--repetitions", type=int, default=9)
    options = parser.parse_args()
    sys.path.insert(0, options.modules)
    try:
        from pinchbeck import stats
    except ImportError as error:
        sys.exit(f"compare_python: no module pinchbeck in {options.modules}: {error}")
    warnings.simplefilter("ignore")  # SciPy's, about p-values beyond its tables.
    report = {"machine": machine(), "repetitions": options.repetitions, "rows": [],
              "versions": {"python": sys.version.split()[0], "numpy": np.__version__,
                           "scipy": scipy.__version__ if scipy else None}}
    lines, errors = [], []
    for name, (words, ours, peer) in calls(stats).items():
        sides = {"python": ours, **({"scipy": peer} if scipy else {})}
        for n in SIZES:
            found = measure(options.bench, name, sides, n, options.repetitions)
            errors += disagreements(words, found)
            lines.append(table_line(words, n, found))
            report["rows"].append({"call": words, "n": n, **found})
    print_table(["call", "C++", "Python", "Python adds", "Python / C++", "goal", "SciPy", "SciPy / Python"], lines)
    print("versions: " + ", ".join(f"{key} {value}" for key, value in report["versions"].items()))
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for error in errors:
        print(f"compare_python: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
