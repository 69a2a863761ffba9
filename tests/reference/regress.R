# Writes regress.json: covariances and degrees of freedom of sandwich and clubSandwich (R 4.2, Debian 12).
# Run from the root of the repository: Rscript tests/reference/regress.R
library(sandwich)
library(clubSandwich)
library(jsonlite)

read <- function(name) read.csv(file.path("tests/reference/data", paste0(name, ".csv")))
mtcars <- read("mtcars"); infert <- read("infert"); cbpp <- read("cbpp"); swiss <- read("swiss"); stackloss <- read("stackloss")
swiss$district <- rep(1:8, length.out = nrow(swiss))
stackloss$week <- (seq_len(nrow(stackloss)) - 1) %/% 4
cbpp$rate <- cbpp$incidence / cbpp$size

hc <- function(fit) lapply(setNames(nm = c("HC0", "HC1", "HC2", "HC3")), function(type) vcovHC(fit, type = type))
cr <- function(fit, cluster, ...) lapply(setNames(nm = c("CR0", "CR1", "CR1S", "CR2", "CR3")), function(type)
  as.matrix(vcovCR(fit, cluster = cluster, type = type, ...)))
df <- function(fit, cluster, ...) lapply(setNames(nm = c("CR0", "CR2", "CR3")), function(type)
  coef_test(fit, vcov = vcovCR(fit, cluster = cluster, type = type, ...), test = "Satterthwaite")$df_Satt)
# Literal: refit without each cluster, about the full fit.
jackknife <- function(fit, cluster) {
  data <- model.frame(fit)
  response <- model.response(data)
  x <- model.matrix(fit)
  b <- sapply(unique(cluster), function(g) {
    keep <- cluster != g
    if (inherits(fit, "glm")) {
      y <- if (is.matrix(response)) response[keep, ] else response[keep]
      coef(glm.fit(x[keep, ], if (is.matrix(y)) y[, 1] / rowSums(y) else y, family = binomial(),
                   weights = if (is.matrix(y)) rowSums(y) else rep(1, sum(keep)), control = list(epsilon = 1e-14, maxit = 100)))
    } else if (is.null(fit$weights)) coef(lm.fit(x[keep, ], response[keep]))
    else coef(lm.wfit(x[keep, ], response[keep], fit$weights[keep]))
  })
  change <- b - coef(fit)
  G <- ncol(b)
  unname((G - 1) / G * change %*% t(change))
}
case <- function(fit, cluster, ...) list(
  coefficients = unname(coef(fit)), hc = lapply(hc(fit), unname), cr = lapply(cr(fit, cluster, ...), unname),
  df = df(fit, cluster, ...), model = unname(vcov(fit)),
  cv3 = jackknife(fit, cluster))

out <- list(
  mtcars = case(lm(mpg ~ wt + hp + am, mtcars), mtcars$carb),
  swiss = case(lm(Fertility ~ Agriculture + Education + Catholic, swiss), swiss$district),
  stackloss = case(lm(stack.loss ~ Air.Flow + Water.Temp, stackloss), stackloss$week),
  infert = case(lm(case ~ age + parity + spontaneous, infert), infert$stratum),
  # Precision weights: the working variance of a row is inverse to its weight.
  cbpp = case(lm(rate ~ factor(period), cbpp, weights = size), cbpp$herd, inverse_var = TRUE),
  infert_logit = case(glm(case ~ age + parity + spontaneous, binomial, infert, control = list(epsilon = 1e-14)), infert$stratum),
  cbpp_logit = case(glm(cbind(incidence, size - incidence) ~ factor(period), binomial, cbpp,
                        control = list(epsilon = 1e-14)), cbpp$herd))
out$cbpp_quasi <- unname(vcov(glm(cbind(incidence, size - incidence) ~ factor(period), quasibinomial, cbpp,
                                  control = list(epsilon = 1e-14))))
out$swiss_cv1 <- unname(vcovCL(lm(Fertility ~ Agriculture + Education + Catholic, swiss), cluster = swiss$district, type = "HC1"))
write_json(out, "tests/reference/regress.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
