# Binomial estimators from R 4.2: stats, lme4 1.1-31, VGAM 1.1-7, brglm2 0.9. Writes binomial.json beside this file.
library(jsonlite)
library(lme4)
data <- function(name) read.csv(file.path("tests/reference/data", paste0(name, ".csv")), stringsAsFactors = TRUE)
cbpp <- data("cbpp")
cbpp$period <- factor(cbpp$period)
cbpp$herd <- factor(cbpp$herd)
infert <- data("infert")
endometrial <- data("endometrial")
tight <- glm.control(epsilon = 1e-15, maxit = 100)
out <- list()

fit <- glm(case ~ spontaneous + induced + age + parity, binomial, infert, control = tight)
out$infert <- list(coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), deviance = deviance(fit))

fit <- glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp, control = tight)
quasi <- glm(cbind(incidence, size - incidence) ~ period, quasibinomial, cbpp, control = tight)
out$cbpp <- list(coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), deviance = deviance(fit),
                 log_likelihood = as.numeric(logLik(fit)), dispersion = summary(quasi)$dispersion,
                 quasi_se = unname(sqrt(diag(vcov(quasi)))))

suppressMessages(library(VGAM))
fit <- vglm(cbind(incidence, size - incidence) ~ period, betabinomial(zero = 2, irho = 0.05), cbpp,
            control = vglm.control(epsilon = 1e-14, maxit = 200))
out$cbpp_beta_binomial <- list(coefficients = unname(coef(fit)[c(1, 3:5)]), rho = unname(plogis(coef(fit)[2])),
                               log_likelihood = logLik(fit))

glmer_fit <- function(nodes) {
  fit <- suppressWarnings(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, nAGQ = nodes,
               control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(maxfun = 1e6, rhoend = 1e-10))))
  list(nodes = nodes, coefficients = unname(fixef(fit)), tau = unname(getME(fit, "theta")),
       se = unname(sqrt(diag(as.matrix(vcov(fit))))))
}
out$cbpp_random_intercept <- lapply(c(1, 5, 25), glmer_fit)
out$cbpp_laplace_deviance <- -2 * as.numeric(logLik(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial)))

library(brglm2)
fit <- glm(HG ~ NV + PI + EH, binomial, endometrial, method = "brglmFit", type = "AS_mean", epsilon = 1e-14, maxit = 1000)
out$endometrial_firth <- list(coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))
fit <- glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp, method = "brglmFit", type = "AS_mean", epsilon = 1e-14, maxit = 1000)
out$cbpp_firth <- list(coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))

# log-F(1, 1) priors by data augmentation (Greenland and Mansournia 2015): a row per slope, half a success of one trial, no intercept.
X <- with(endometrial, cbind(1, NV, PI, EH))
augmented <- rbind(X, cbind(0, diag(3)))
fit <- suppressWarnings(glm.fit(augmented, c(endometrial$HG, rep(0.5, 3)), rep(1, nrow(augmented)), family = binomial(), control = tight))
out$endometrial_log_f <- list(coefficients = unname(coef(fit)))
writeLines(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE), "tests/reference/binomial.json")
