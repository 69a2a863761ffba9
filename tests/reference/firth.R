# Firth's logistic regression of sex2 (Cytel; 239 women as patterns of k of n), from R 4.2. Writes firth.json beside this file.
# Coefficients by brglm2 0.9; profile intervals and tests by a general optimiser on the penalised likelihood, written out here
# (logistf prints them at 8 digits of a looser convergence).
library(jsonlite)
library(brglm2)
d <- read.csv("tests/reference/data/sex2.csv")
fit <- glm(cbind(case, n - case) ~ age + oc + vic + vicl + vis + dia, binomial, d, method = "brglmFit", type = "AS_mean",
           epsilon = 1e-14, maxit = 1000)
X <- model.matrix(fit)

penalised <- function(b) {
  eta <- drop(X %*% b)
  w <- d$n * dlogis(eta)
  sum(d$case * eta - d$n * log1p(exp(eta))) + 0.5 * as.numeric(determinant(crossprod(X * sqrt(w)))$modulus)
}
score <- function(b) {
  eta <- drop(X %*% b)
  root <- X * sqrt(d$n * dlogis(eta))
  h <- rowSums((root %*% solve(crossprod(root))) * root)
  drop(crossprod(X, d$case - d$n * plogis(eta) + h * (0.5 - plogis(eta))))
}
# The maximum with coefficient j held at v, from a start.
held <- function(j, v, start) {
  put <- function(free) append(free, v, j - 1)
  best <- start[-j]
  for (again in 1:3)
    best <- optim(best, function(f) -penalised(put(f)), function(f) -score(put(f))[-j], method = "BFGS",
                  control = list(reltol = 1e-16, maxit = 1000))$par
  penalised(put(best))
}
b <- unname(coef(fit))
top <- penalised(b)
profile <- lapply(seq_along(b), function(j) {
  fall <- function(v) 2 * (top - held(j, v, b)) - qchisq(0.95, 1)
  se <- sqrt(diag(vcov(fit)))[j]
  list(low = uniroot(fall, b[j] - c(6, 0.5) * se, tol = 1e-12)$root,
       high = uniroot(fall, b[j] + c(0.5, 8) * se, tol = 1e-12)$root, statistic = 2 * (top - held(j, 0, b)))
})
out <- list(names = c("(intercept)", colnames(X)[-1]), coefficients = b, se = unname(sqrt(diag(vcov(fit)))), profile = profile,
            log_likelihood = top - 0.5 * as.numeric(determinant(crossprod(X * sqrt(d$n * fit$fitted.values * (1 - fit$fitted.values))))$modulus))
writeLines(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE), "tests/reference/firth.json")
