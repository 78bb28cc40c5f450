"""Runs the statistics and their NumPy/SciPy peers on the same inputs and prints the ratios.

Usage: compare_stats.py BENCH [--output FILE] [--repetitions N] [--relabeling-bench PROGRAM]

BENCH is the built program stats_peers_bench. For every task both sides run one after the other,
one thread each; medians of the repetitions' processor time are compared. Without SciPy the C++
side runs alone. The exit status is 1 when the two sides disagree about a statistic, 0 otherwise:
a missed goal is printed, it is not an error.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

PEERS = pathlib.Path(__file__).with_name("stats_peers.py")
# For both sides. Memory that is given back between repetitions comes back page by page, which on a
# virtual machine can take longer than the work itself and would mostly slow down NumPy's large
# temporaries; the GNU allocator keeps it with these settings, others ignore them.
ENVIRONMENT = {
    **os.environ,
    **{name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                              "BLIS_NUM_THREADS")},
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
}
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
# The two sides add in another order. Relative for statistics above 1, absolute below.
STATISTIC_TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: a task of the peers script and the benchmark that does the same."""

    work: str
    usual_tool: str
    task: str
    benchmark: str
    # Smallest ratio of the times; None where the line is only shown.
    goal: float | None


ROWS = (
    Row("Hamming MMD, 25 strata x (10+10), 1,000 characters, 1,000 permutations",
        "NumPy, kernel once, batched product", "hamming_strata", "BM_HammingStrata", 20),
    Row("Hamming MMD, one stratum of 250+250", "NumPy, kernel once, one product",
        "hamming_one", "BM_HammingOne", 10),
    Row("Kolmogorov-Smirnov permutation, 250+250, 1,000", "SciPy permutation_test",
        "ks_permutation", "BM_KsPermutation", 200),
    Row("the same against hand-written NumPy", "NumPy, sorted once, cumsum",
        "ks_permutation_numpy", "BM_KsPermutation", None),
    Row("energy distance permutation, 250+250, 1,000", "SciPy permutation_test",
        "energy_permutation", "BM_EnergyPermutation", 50),
    Row("mean log-probability difference, 250+250 x 40 tokens, 1,000", "NumPy, one product",
        "logprob_difference", "BM_LogprobDifference", 10),
    Row("36 choice cells x (25+25), JSD, 9,999 relabelings", "NumPy multivariate_hypergeometric",
        "choice_divergence", "BM_ChoiceDivergence", 10),
    Row("Anderson-Darling, 10,000+10,000", "SciPy anderson_ksamp",
        "anderson_darling", "BM_AndersonDarling", 2),
    Row("Cramer-von Mises, 10,000+10,000", "SciPy cramervonmises_2samp",
        "cramer_von_mises", "BM_CramerVonMises", 2),
    Row("Kolmogorov-Smirnov, 10,000+10,000", "SciPy ks_2samp, limit",
        "kolmogorov_smirnov", "BM_KolmogorovSmirnov", 2),
)
E_PROCESS_GOAL_NS = 200
# The figure printed by a published Python tool for its own update; not measured here.
E_PROCESS_PUBLISHED_US = 11
E_PROCESSES = (
    ("conformal, no alternative", "BM_EProcess", "e_process"),
    ("conformal, every response a surprise", "BM_EProcessChanged", None),
    ("conformal, 5 alternatives", "BM_EProcessAlternatives", None),
    ("likelihood ratio, 5 alternatives x 5 shares", "BM_EProcessLikelihoodRatio", None),
)
GROWTH = (("Kolmogorov-Smirnov", "BM_GrowthKolmogorovSmirnov"),
          ("Cramer-von Mises", "BM_GrowthCramerVonMises"),
          ("Anderson-Darling", "BM_GrowthAndersonDarling"),
          ("Mann-Whitney", "BM_GrowthMannWhitney"))
RELABELINGS = (("Kolmogorov-Smirnov, 250+250", "BM_RelabelingsKs"),
               ("36 choice cells", "BM_RelabelingsChoice"),
               ("Hamming MMD, 250+250", "BM_RelabelingsHamming"))
THREADS = (("Kolmogorov-Smirnov, 10,000 relabelings", "BM_ThreadsKs"),
           ("36 choice cells, 10,000 relabelings", "BM_ThreadsChoice"),
           ("Hamming MMD, 10,000 relabelings", "BM_ThreadsHamming"))
THREADS_GOAL = 1.7
PEAK_GOAL = 0.5
PEAK_COUNTER = "peak_fraction"


class Bench:
    """The C++ side: runs benchmarks by name and returns their repetitions."""

    def __init__(self, program, repetitions, inputs):
        self.program = program
        self.repetitions = repetitions
        self.inputs = inputs
        self.raw = {}

    def run(self, name):
        """Repetitions of every benchmark called `name` or `name/argument`, by argument."""
        output = subprocess.run(
            [self.program, f"--peer_inputs={self.inputs}", f"--benchmark_filter=^{name}(/|$)",
             f"--benchmark_repetitions={self.repetitions}", "--benchmark_min_time=0.02",
             "--benchmark_format=json"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=ENVIRONMENT).stdout
        found = {}
        for entry in json.loads(output)["benchmarks"]:
            if entry.get("run_type") != "iteration":
                continue
            if entry.get("error_occurred"):
                sys.exit(f"compare_stats: {entry['name']}: {entry['error_message']}")
            scale = NANOSECONDS[entry["time_unit"]]
            parts = entry["run_name"].split("/")
            argument = int(parts[1]) if len(parts) > 1 else None
            figures = found.setdefault(argument, {"cpu_ns": [], "wall_ns": []})
            figures["cpu_ns"].append(entry["cpu_time"] * scale)
            figures["wall_ns"].append(entry["real_time"] * scale)
            figures.update({key: entry[key] for key in ("statistic", "p_value", "calls")})
        if not found:
            sys.exit(f"compare_stats: {self.program} has no benchmark {name}")
        self.raw[name] = {str(argument): figures for argument, figures in found.items()}
        return found


def python_with_scipy():
    """An interpreter that has NumPy and SciPy, or None: this one, else the system's."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        probe = subprocess.run([candidate, "-c", "import numpy, scipy"], check=False,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if probe.returncode == 0:
            return candidate
    return None


def run_peer(python, inputs, task, repetitions):
    """Figures of one task of stats_peers.py."""
    output = subprocess.run([python, str(PEERS), str(inputs), task, str(repetitions)], check=True,
                            stdout=subprocess.PIPE, env=ENVIRONMENT).stdout
    return json.loads(output)


def check_same(work, ours, peer):
    """An error message when the two sides did not compute the same statistic, else None."""
    difference = abs(ours["statistic"] - peer["statistic"])
    if difference <= STATISTIC_TOLERANCE * max(1, abs(peer["statistic"])):
        return None
    return f"{work}: statistic {ours['statistic']!r} here, {peer['statistic']!r} at the peer"


def pretty(nanoseconds):
    """A time with three digits and a unit."""
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= scale:
            return f"{nanoseconds / scale:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def judge(met):
    """The last column; empty where there is no goal."""
    return "" if met is None else "met" if met else "missed"


def print_table(head, lines):
    """A table that is readable as text and as Markdown."""
    rows = [head, *lines]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print()


def compare_rows(bench, python, report):
    """The table of ratios. Returns the disagreements."""
    lines, errors = [], []
    for row in ROWS:
        ours = bench.run(row.benchmark)[None]
        median = statistics.median(ours["cpu_ns"]) / ours["calls"]
        entry = {"work": row.work, "usual_tool": row.usual_tool, "benchmark": row.benchmark,
                 "pinchbeck_median_ns": median, "goal": row.goal}
        ratio = met = None
        if python:
            peer = run_peer(python, bench.inputs, row.task, bench.repetitions)
            report["versions"] = peer.pop("versions")
            errors += filter(None, [check_same(row.work, ours, peer)])
            peer_median = 1e9 * statistics.median(peer["cpu_seconds"]) / ours["calls"]
            ratio = peer_median / median
            met = None if row.goal is None else ratio >= row.goal
            entry.update({"peer": peer, "peer_median_ns": peer_median, "ratio": ratio, "met": met})
        report["rows"].append(entry)
        lines.append((row.work, row.usual_tool,
                      pretty(entry["peer_median_ns"]) if python else "not run", pretty(median),
                      f"{ratio:.1f}x" if ratio else "", f">= {row.goal}x" if row.goal else "",
                      judge(met)))
    print_table(("work", "usual tool", "peer", "pinchbeck", "ratio", "goal", ""), lines)
    return errors


def compare_e_processes(bench, python, report):
    """Time of one update. Returns the disagreements."""
    lines, errors = [], []
    for title, name, task in E_PROCESSES:
        ours = bench.run(name)[None]
        median = statistics.median(ours["cpu_ns"]) / ours["calls"]
        entry = {"work": title, "benchmark": name, "pinchbeck_median_ns": median,
                 "goal_ns": E_PROCESS_GOAL_NS, "met": median <= E_PROCESS_GOAL_NS}
        shown = ""
        if python and task:
            peer = run_peer(python, bench.inputs, task, bench.repetitions)
            report["versions"] = peer.pop("versions")
            errors += filter(None, [check_same(title, ours, peer)])
            peer_median = 1e9 * statistics.median(peer["cpu_seconds"]) / ours["calls"]
            shown = f"{pretty(peer_median)} ({peer_median / median:.1f}x)"
            entry.update({"peer": peer, "peer_median_ns": peer_median,
                          "ratio": peer_median / median})
        report["e_processes"].append(entry)
        lines.append((title, shown, pretty(median), f"<= {pretty(E_PROCESS_GOAL_NS)}",
                      judge(entry["met"])))
    print_table(("e-process update, 36 cells", "the same in plain Python", "pinchbeck", "goal", ""),
                lines)
    print(f"A published Python tool states {E_PROCESS_PUBLISHED_US} us for its update; "
          "that figure is quoted, not measured.\n")
    return errors


def measure_growth(bench, report):
    """Time per N log2 N, N both samples together: constant for an O(N log N) test."""
    lines = []
    for title, name in GROWTH:
        costs = {n: statistics.median(run["cpu_ns"]) / run["calls"] / (2 * n * math.log2(2 * n))
                 for n, run in sorted(bench.run(name).items())}
        sizes = sorted(costs)
        factor = costs[sizes[-1]] / costs[sizes[0]]
        report["growth"].append({"work": title, "ns_per_n_log2_n": costs, "factor": factor})
        lines.append((title, *(f"{costs[n]:.2f} ns" for n in sizes), f"{factor:.2f}"))
    print_table(("time / (N log2 N), limiting distribution", *(f"{n:,} + {n:,}" for n in sizes),
                 "last / first"), lines)


def measure_relabelings(bench, report):
    """Time per relabeling: constant where the cost is linear."""
    lines = []
    for title, name in RELABELINGS:
        costs = {b: statistics.median(figures["cpu_ns"]) / b
                 for b, figures in sorted(bench.run(name).items())}
        counts = sorted(costs)
        factor = costs[counts[-1]] / costs[counts[0]]
        report["relabelings"].append({"work": title, "ns_per_relabeling": costs, "factor": factor})
        lines.append((title, *(pretty(costs[b]) for b in counts), f"{factor:.2f}"))
    print_table(("time / relabeling", *(f"B = {b:,}" for b in counts), "last / first"), lines)


def measure_threads(bench, report):
    """Wall clock of two threads against one; the benchmark itself compares the results."""
    lines = []
    for title, name in THREADS:
        walls = {threads: statistics.median(figures["wall_ns"])
                 for threads, figures in bench.run(name).items()}
        speed_up = walls[1] / walls[2]
        met = speed_up >= THREADS_GOAL
        report["threads"].append({"work": title, "wall_ns": walls, "speed_up": speed_up,
                                  "goal": THREADS_GOAL, "met": met})
        lines.append((title, pretty(walls[1]), pretty(walls[2]), f"{speed_up:.2f}x",
                      f">= {THREADS_GOAL}x", judge(met)))
    print_table(("second thread, same result", "1 thread", "2 threads", "speed-up", "goal", ""),
                lines)


def measure_peak(program, repetitions, report):
    """Share of the machine's peak, as relabeling_bench reports it in a counter."""
    output = subprocess.run(
        [program, f"--benchmark_repetitions={repetitions}", "--benchmark_min_time=0.02",
         "--benchmark_format=json"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=ENVIRONMENT).stdout
    shares = {}
    for entry in json.loads(output)["benchmarks"]:
        if entry.get("run_type") == "iteration" and PEAK_COUNTER in entry:
            shares.setdefault(entry["run_name"], []).append(entry[PEAK_COUNTER])
    lines = []
    for name, values in shares.items():
        share = statistics.median(values)
        met = share >= PEAK_GOAL
        report["peak"].append({"work": name, "shares": values, "share": share, "goal": PEAK_GOAL,
                               "met": met})
        lines.append((name, f"{share:.0%}", f">= {PEAK_GOAL:.0%}", judge(met)))
    if lines:
        print_table(("share of the machine's peak", "measured", "goal", ""), lines)


def machine():
    """What ran this, without the host's name."""
    model = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system(),
            "architecture": platform.machine(), "load_before": os.getloadavg()[0]}


def main():
    """Runs everything, prints the tables and writes the raw figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", help="the program stats_peers_bench")
    parser.add_argument("--output", help="file for the raw figures, JSON")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--relabeling-bench",
                        help="the program relabeling_bench (default: the one beside BENCH)")
    options = parser.parse_args()
    python = python_with_scipy()
    report = {"machine": machine(), "versions": None, "repetitions": options.repetitions,
              "rows": [], "e_processes": [], "growth": [], "relabelings": [], "threads": [],
              "peak": []}
    print("machine: " + ", ".join(f"{key} {value}" for key, value in report["machine"].items()))
    if not python:
        print("SciPy is missing (package python3-scipy): the C++ side runs alone, without ratios.")
    print(flush=True)
    with tempfile.TemporaryDirectory() as inputs:
        bench = Bench(options.bench, options.repetitions, inputs)
        errors = compare_rows(bench, python, report)
        errors += compare_e_processes(bench, python, report)
        measure_growth(bench, report)
        measure_relabelings(bench, report)
        measure_threads(bench, report)
    peak = options.relabeling_bench or pathlib.Path(options.bench).with_name("relabeling_bench")
    if pathlib.Path(peak).exists():
        measure_peak(peak, options.repetitions, report)
    report["machine"]["load_after"] = os.getloadavg()[0]
    if report["versions"]:
        print("peers: " + ", ".join(f"{key} {value}" for key, value in report["versions"].items()))
        if report["versions"]["blas"] == "reference":
            print("NumPy uses the reference BLAS here; with OpenBLAS (package libopenblas0-serial) "
                  "its products are several times faster, so the ratios of the MMD and "
                  "log-probability rows are too high.")
    print(f"load average {report['machine']['load_before']:.1f} before, "
          f"{report['machine']['load_after']:.1f} after; "
          "the second thread needs an idle core to show its worth.")
    report["benchmarks"] = bench.raw
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + "\n",
                                                encoding="utf-8")
    for error in errors:
        print(f"compare_stats: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
