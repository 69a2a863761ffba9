# Intervals of shares by base R: prop.test without correction is Wilson, binom.test is Clopper-Pearson, qbeta gives
# Jeffreys; Agresti-Coull, Goodman and Newcombe from their formulas.
cases <- list()
for (kn in list(c(71, 77), c(96, 227), c(75, 146), c(0, 12), c(12, 12), c(1, 3), c(6, 76), c(312, 1683))) {
  for (level in c(0.95, 0.8)) {
    k <- kn[1]; n <- kn[2]; a <- 1 - level; z <- qnorm(1 - a / 2); p <- k / n
    add <- function(method, ends) cases[[length(cases) + 1]] <<- list(method = method, k = k, n = n, level = level, low = ends[1], high = ends[2])
    add("wilson", suppressWarnings(prop.test(k, n, conf.level = level, correct = FALSE))$conf.int)
    add("clopper-pearson", binom.test(k, n, conf.level = level)$conf.int)
    add("jeffreys", c(if (k == 0) 0 else qbeta(a / 2, k + .5, n - k + .5), if (k == n) 1 else qbeta(1 - a / 2, k + .5, n - k + .5)))
    m <- n + z^2; q <- (k + z^2 / 2) / m; h <- z * sqrt(q * (1 - q) / m)
    add("agresti-coull", c(max(0, q - h), min(1, q + h)))
  }
}
goodman <- function(x, level) {
  n <- sum(x); c2 <- qchisq(1 - (1 - level) / length(x), 1)
  s <- sqrt(c2 * (c2 + 4 * x * (n - x) / n))
  list(counts = x, level = level, low = (c2 + 2 * x - s) / (2 * (n + c2)), high = (c2 + 2 * x + s) / (2 * (n + c2)))
}
compositions <- list(goodman(c(1, 7, 14, 29, 27), 0.95), goodman(c(75, 71), 0.95), goodman(c(3, 3, 19, 23, 30), 0.9))
newcombe <- function(a, b) {
  w <- function(k, n) suppressWarnings(prop.test(k, n, correct = FALSE))$conf.int
  u <- w(a[1], a[2]); v <- w(b[1], b[2]); p <- a[1] / a[2]; q <- b[1] / b[2]; d <- p - q
  list(first = a, second = b, low = d - sqrt((p - u[1])^2 + (v[2] - q)^2), high = d + sqrt((u[2] - p)^2 + (q - v[1])^2))
}
# The first is Newcombe's own example (1998, table II): 56 of 70 against 48 of 80, 0.0524 to 0.3339.
differences <- list(newcombe(c(56, 70), c(48, 80)), newcombe(c(71, 77), c(70, 76)), newcombe(c(0, 10), c(0, 20)))
writeLines(jsonlite::toJSON(list(shares = cases, compositions = compositions, differences = differences), digits = 17, auto_unbox = TRUE, pretty = TRUE), "shares.json")
