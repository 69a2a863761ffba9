# Writes bounded.json: t intervals of bounded statistics on the jackknife, by survey 4.1-1 and by base R 4.2.
# Run from the root of the repository: Rscript tests/reference/bounded.R
suppressMessages(library(survey))
library(jsonlite)
read <- function(name) read.csv(file.path("tests/reference/data", paste0(name, ".csv")))

# Cows with and without a new infection, in herds of unequal size: svyciprop's xlogit on the delete-one-herd jackknife
# about the full estimate, with G - 1 degrees of freedom and with as many as the effective number of herds leaves.
cbpp <- read("cbpp")
cows <- data.frame(herd = rep(cbpp$herd, cbpp$size), sick = unlist(Map(function(k, n) rep(1:0, c(k, n - k)), cbpp$incidence, cbpp$size)))
design <- as.svrepdesign(svydesign(~herd, data = cows, weights = ~1), type = "JK1", mse = TRUE)
sizes <- as.vector(table(cows$herd))
herds <- length(sizes)
effective <- (herds - 1) * sum(sizes)^2 / sum(sizes^2) / herds
share <- function(df, level) {
  p <- svyciprop(~sick, design, method = "xlogit", df = df, level = level)
  list(df = df, level = level, estimate = as.vector(p), error = sqrt(as.vector(attr(p, "var"))), ends = as.vector(attr(p, "ci")))
}
shares <- list(share(herds - 1, .95), share(effective, .95), share(effective, .8))

# Other scales: the jackknife over rows (or over sites) by refitting, the delta method, Student's t.
carried <- function(f, data, sites, to, slope, back) {
  whole <- f(data)
  units <- unique(sites)
  g <- length(units)
  without <- sapply(units, function(u) f(data[sites != u, ]))
  error <- sqrt((g - 1) / g * sum((without - whole)^2))
  ends <- back(to(whole) + slope(whole) * error * qt(c(.025, .975), g - 1))
  list(estimate = whole, error = error, ends = sort(ends))
}
attitude <- read("attitude")
rows <- seq_len(nrow(attitude))
blocks <- (rows - 1) %/% 5
z <- list(atanh, function(x) 1 / (1 - x^2), tanh)
on <- function(f, sites, scale) carried(f, attitude, sites, scale[[1]], scale[[2]], scale[[3]])
alpha <- function(d) { k <- ncol(d); k / (k - 1) * (1 - sum(apply(d, 2, var)) / var(rowSums(d))) }
out <- list(
  shares = shares,
  pearson = on(function(d) cor(d$rating, d$complaints), blocks, z),
  spearman = on(function(d) cor(d$rating, d$complaints, method = "spearman"), blocks, z),
  kendall = on(function(d) cor(d$rating, d$complaints, method = "kendall"), rows, z),
  alpha = on(alpha, blocks, list(function(x) log(1 - x), function(x) -1 / (1 - x), function(y) 1 - exp(y))),
  sd = on(function(d) sd(d$rating), blocks, list(log, function(x) 1 / x, exp)),
  r2 = on(function(d) summary(lm(rating ~ complaints + learning, d))$r.squared, blocks,
          list(function(x) atanh(sqrt(x)), function(x) 1 / (2 * sqrt(x) * (1 - x)), function(y) tanh(pmax(y, 0))^2)),
  none_of_six = binom.test(0, 6)$conf.int, all_of_nine = binom.test(9, 9, conf.level = .9)$conf.int)
write_json(out, "tests/reference/bounded.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
