# psmirnov of R, for make_ecdf_golden.py: exact upper tails given the ties, and Kolmogorov's limit.
#
# usage: Rscript make_ecdf_golden.R < cases     (Debian 12: r-base-core)
#
# A case is a line "exact|limit one|two q m n z1,z2,...": prints P(statistic >= q) with 17 digits. z are the
# pooled values ("-" for none). "less" and "greater" share one law.
options(digits = 17)
cat(R.version.string, "\n", sep = "")
for (line in readLines(file("stdin"))) {
  part <- strsplit(line, " ")[[1]]
  z <- if (part[6] == "-") NULL else as.numeric(strsplit(part[6], ",")[[1]])
  p <- stats:::psmirnov(as.numeric(part[3]), sizes = as.numeric(part[4:5]), z = z,
                        two.sided = part[2] == "two", exact = part[1] == "exact", lower.tail = FALSE)
  cat(format(p, digits = 17), "\n", sep = "")
}
