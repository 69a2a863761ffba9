# Reference values for site tables: R 4.2, metafor 3.8, psych 2.2, survival. Run: Rscript tests/reference/study.R
suppressMessages({library(metafor); library(psych); library(survival); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))

# Shrout and Fleiss (1979), Table 2; and raters of six sites with half points.
sf <- matrix(c(9,2,5,8, 6,1,3,2, 8,4,6,8, 7,1,2,6, 10,5,6,9, 6,2,4,7), ncol = 4, byrow = TRUE)
two <- matrix(c(97,95.5, 103,104, 102,99, 89,91.5, 89,90, 109,108), ncol = 2, byrow = TRUE)
icc_of <- function(x, alpha) {
  r <- ICC(x, lmer = FALSE, alpha = alpha)$results
  list(ratings = x, level = 1 - alpha, type = r$type, estimate = r$ICC, f = r$F, p = r$p, low = r[["lower bound"]], high = r[["upper bound"]])
}

# Rates of eight sites, one with nobody and one with everybody employed.
k <- c(3, 10, 0, 7, 12, 5, 9, 6); n <- c(12, 25, 8, 30, 20, 14, 9, 22)
plo <- escalc(measure = "PLO", xi = k, ni = n)
pool_of <- function(y, v) {
  fit <- rma(yi = y, vi = v, method = "REML", test = "knha", control = list(threshold = 1e-14, maxiter = 10000, stepadj = 0.5))
  pr <- predict(fit)
  list(y = as.numeric(y), v = as.numeric(v), estimate = fit$beta[1], se = fit$se, low = fit$ci.lb, high = fit$ci.ub, p = fit$pval,
       tau2 = fit$tau2, i2 = fit$I2, q = fit$QE, qp = fit$QEp, pi_low = pr$pi.lb, pi_high = pr$pi.ub)
}
a <- c(8, 12, 4, 9, 15, 6); na <- c(20, 22, 15, 18, 30, 16); b <- c(4, 9, 0, 5, 6, 5); nb <- c(19, 24, 14, 20, 28, 15)
or <- escalc(measure = "OR", ai = a, bi = na - a, ci = b, di = nb - b)
rd <- escalc(measure = "RD", ai = a, bi = na - a, ci = b, di = nb - b, to = "none")

# Direct standardisation by glm with site intercepts; delta method by hand from vcov.
set.seed(20200101)
site <- rep(1:5, c(30, 45, 25, 60, 40)); age <- round(rnorm(200, 38 + site, 9)); sex <- rbinom(200, 1, 0.4 + 0.05 * site)
y <- rbinom(200, 1, plogis(-1 + 0.25 * site - 0.02 * (age - 38) + 0.5 * sex)); hours <- round(20 + site + 0.1 * age + rnorm(200, 0, 6), 1)
fit <- glm(y ~ 0 + factor(site) + age + sex, family = binomial, control = list(epsilon = 1e-14, maxit = 100))
V <- vcov(fit); B <- coef(fit)
adj <- sapply(1:5, function(s) { X <- cbind(matrix(0, 200, 5), age, sex); X[, s] <- 1; p <- plogis(X %*% B); g <- colMeans(as.vector(p * (1 - p)) * X); c(mean(p), sqrt(t(g) %*% V %*% g)) })
lin <- lm(hours ~ 0 + factor(site) + age + sex)
adjm <- sapply(1:5, function(s) { X <- cbind(matrix(0, 200, 5), age, sex); X[, s] <- 1; g <- colMeans(X); c(sum(g * coef(lin)), sqrt(t(g) %*% vcov(lin) %*% g)) })

time <- c(5, 8, 8, 12, 20, 21, 30, 30, 33, 40); event <- c(1, 1, 0, 1, 0, 1, 1, 1, 0, 0)
tab <- summary(survfit(Surv(time, event) ~ 1), rmean = 35)$table

out <- list(
  icc = list(icc_of(sf, 0.05), icc_of(two, 0.1)),
  plo = list(k = k, n = n, pool = pool_of(plo$yi, plo$vi)),
  or = list(a = a, na = na, b = b, nb = nb, pool = pool_of(or$yi, or$vi)),
  rd = list(y = as.numeric(rd$yi), v = as.numeric(rd$vi)),
  homogeneous = pool_of(c(0.2, 0.25, 0.22, 0.21), c(0.02, 0.03, 0.01, 0.05)),
  adjusted = list(site = site, age = age, sex = sex, y = y, hours = hours, rates = adj[1, ], rate_se = adj[2, ],
                  slopes = unname(B[6:7]), slope_se = unname(sqrt(diag(V))[6:7]), means = adjm[1, ], mean_se = adjm[2, ]),
  rmst = list(time = time, event = event, horizon = 35, mean = unname(tab[grep("rmean", names(tab))[1]]), se = unname(tab[grep("rmean", names(tab))[2]])),
  versions = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")), psych = as.character(packageVersion("psych")), survival = as.character(packageVersion("survival"))))
# jsonlite writes 15 digits at most: numbers go in as marked text with 17 and lose their quotes at the end.
exact <- rapply(out, function(x) { text <- sprintf("@%.17g", x); dim(text) <- dim(x); text }, classes = c("numeric", "integer"), how = "replace")
write(gsub('"@([^"]*)"', "\\1", toJSON(exact, auto_unbox = TRUE)), file.path(here, "study.json"))
