# Lower tails of the exact rank-sum distribution and p-values of wilcox.test; called by make_rank_golden.py.
# usage: Rscript make_rank_golden.R < cases
# Each input line: "pwilcox m n q", or "wilcox exact|normal <reference> | <observed>" with blank-separated numbers.
# Each output line: the numbers asked for, 17 digits.
options(digits = 17)
for (line in readLines(file("stdin"))) {
  words <- strsplit(line, " ")[[1]]
  if (words[1] == "version") {
    cat(R.version.string, "\n")
  } else if (words[1] == "pwilcox") {
    v <- as.numeric(words[-1])
    cat(sprintf("%.17g\n", pwilcox(v[3], v[1], v[2])))
  } else {
    bar <- which(words == "|")
    x <- as.numeric(words[3:(bar - 1)])
    y <- as.numeric(words[(bar + 1):length(words)])
    p <- sapply(c("two.sided", "less", "greater"), function(side) {
      suppressWarnings(wilcox.test(x, y, alternative = side, exact = words[2] == "exact", correct = TRUE))$p.value
    })
    cat(sprintf("%.17g", p), "\n")
  }
}
