# Linear estimators from R 4.2: stats, glmnet 4.1-6, nnls 1.4, quadprog 1.5-8, pls 2.8-1. Writes linear.json beside this file.
suppressMessages({library(jsonlite); library(glmnet); library(nnls); library(quadprog); library(pls)})
out <- list()
design <- function(name, outcome) {
  d <- read.csv(file.path("tests/reference/data", paste0(name, ".csv")))
  list(x = as.matrix(d[setdiff(names(d), outcome)]), y = d[[outcome]])
}
cases <- list(swiss = "Fertility", mtcars = "mpg", attitude = "rating", longley = "Employed", stackloss = "stack.loss")
for (name in names(cases)) {
  d <- design(name, cases[[name]])
  x <- d$x; y <- d$y; n <- length(y); p <- ncol(x)
  fit <- lm(y ~ x)
  xc <- scale(x, scale = FALSE); yc <- y - mean(y)
  # Ridge by the augmented rows of lm: RSS/(2n) + penalty/2 |b|^2.
  ridge <- function(penalty) unname(coef(lm(c(yc, rep(0, p)) ~ 0 + rbind(xc, sqrt(n * penalty) * diag(p)))))
  # Simplex on a fixed scale: slopes of zero or more that add up to 1.
  G <- crossprod(xc)
  box <- solve.QP(G / max(G), crossprod(xc, yc) / max(G), cbind(1, diag(p)), c(1, rep(0, p)), meq = 1)
  z <- scale(xc, center = FALSE, scale = apply(xc, 2, function(v) sqrt(mean(v^2))))
  s <- sqrt(mean(yc^2))
  path <- 10^seq(0, -2, length.out = 30) * max(abs(crossprod(z, yc / s))) / n
  # glmnet scales the outcome inside, and with it the quadratic part of its penalty: the outcome goes in standardised.
  # Its threshold is as tight as it allows.
  lasso <- glmnet(z, yc / s, lambda = path, standardize = FALSE, intercept = FALSE, thresh = 1e-18, maxit = 1e7)
  net <- glmnet(z, yc / s, lambda = path, alpha = 0.5, standardize = FALSE, intercept = FALSE, thresh = 1e-18, maxit = 1e7)
  three <- plsr(I(yc / s) ~ z, ncomp = 3, method = "simpls")
  out[[name]] <- list(
    columns = colnames(x), coefficients = unname(coef(fit)), se = unname(summary(fit)$coefficients[, 2]),
    r_squared = summary(fit)$r.squared, ridge_1 = ridge(1), nonnegative = nnls(xc, yc)$x,
    simplex_total_1 = box$solution, lasso_penalties = path[c(8, 18, 28)],
    lasso = unname(t(as.matrix(lasso$beta)[, c(8, 18, 28)])), elastic_net = unname(t(as.matrix(net$beta)[, c(8, 18, 28)])),
    pls = list(unname(coef(three, ncomp = 1)[, 1, 1]), unname(coef(three, ncomp = 3)[, 1, 1]))
  )
}
writeLines(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE), "tests/reference/linear.json")
