# Writes boot.json: replicates and intervals of boot 1.3-28.1 (R 4.2, Debian 12) with the indices that it drew.
# Run from the root of the repository: Rscript tests/reference/boot.R
library(boot)
library(jsonlite)

# The jackknife variance of a statistic on one resample, within strata: the usual one for means.
jackknife <- function(f, d, strata = rep(1, nrow(d))) {
  whole <- f(d, strata)
  sum(sapply(unique(strata), function(s) {
    n <- sum(strata == s)
    change <- sapply(which(strata == s), function(i) f(d[-i, , drop = FALSE], strata[-i]) - whole)
    (n - 1) / n * sum(change^2)
  }))
}
case <- function(data, f, strata = rep(1, nrow(data))) {
  set.seed(1)
  both <- function(d, i) { c(f(d[i, , drop = FALSE], strata[i]), jackknife(f, d[i, , drop = FALSE], strata[i])) }
  b <- boot(data, both, R = 199, strata = strata)
  ends <- function(type, name, level) unname(tail(boot.ci(b, conf = level, type = type)[[name]][1, ], 2))
  list(data = unname(as.matrix(data)), strata = strata, indices = boot.array(b, indices = TRUE) - 1,
       t0 = b$t0[1], t = b$t[, 1], error = sqrt(b$t0[2]), errors = sqrt(b$t[, 2]),
       studentized = ends("stud", "student", 0.95), studentized90 = ends("stud", "student", 0.9),
       basic = ends("basic", "basic", 0.95), percentile = ends("perc", "percent", 0.95))
}
series <- gravity[gravity$series %in% c(7, 8), ]
out <- list(
  city = case(city[, c("x", "u")], function(d, s) sum(d$x) / sum(d$u)),
  aircondit = case(aircondit, function(d, s) mean(d$hours)),
  cd4 = case(cd4, function(d, s) cor(d$baseline, d$oneyear)),
  gravity = case(series["g"], function(d, s) mean(d$g[s == 1]) - mean(d$g[s == 2]), as.integer(factor(series$series))))
write_json(out, "tests/reference/boot.json", digits = 17, auto_unbox = TRUE)
