# Bootstraps with R's boot on request: reads "statistic interval replicates" a line, answers "done". The reading of data
# and the start of R are not in the times that bench_r_boot.py takes.
suppressMessages(library(boot))
folder <- commandArgs(trailingOnly = TRUE)[1]
pairs <- as.matrix(read.csv(file.path(folder, "pairs.csv"), header = FALSE))
table <- as.matrix(read.csv(file.path(folder, "table.csv"), header = FALSE))
columns <- cbind(1, table[, -ncol(table)])
outcome <- table[, ncol(table)]
statistics <- list(
  mean = function(d, i) mean(d[i, 1]),
  pearson = function(d, i) cor(d[i, 1], d[i, 2]),
  coefficients = function(d, i) lm.fit(columns[i, ], outcome[i])$coefficients)
data <- list(mean = pairs, pearson = pairs, coefficients = table)

requests <- file("stdin", "r")
while (length(line <- readLines(requests, n = 1)) > 0) {
  asked <- strsplit(line, " ")[[1]]
  set.seed(1)
  found <- boot(data[[asked[1]]], statistics[[asked[1]]], R = as.integer(asked[3]))
  for (j in seq_along(found$t0)) boot.ci(found, type = asked[2], index = j)
  cat("done\n")
  flush(stdout())
}
