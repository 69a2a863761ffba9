# Writes joint.json: joint Wald tests of clubSandwich 0.5.8 (R 4.2, Debian 12), Hotelling's law and naive F.
# Run from the root of the repository: Rscript tests/reference/joint.R
library(clubSandwich)
library(jsonlite)

read <- function(name) read.csv(file.path("tests/reference/data", paste0(name, ".csv")))
mtcars <- read("mtcars"); infert <- read("infert"); swiss <- read("swiss"); cbpp <- read("cbpp")
swiss$district <- rep(1:8, length.out = nrow(swiss))
cbpp$rate <- cbpp$incidence / cbpp$size

case <- function(fit, cluster, contrasts, ...) lapply(setNames(nm = c("CR0", "CR1S", "CR2", "CR3")), function(type) {
  test <- Wald_test(fit, constraints = contrasts, vcov = vcovCR(fit, cluster = cluster, type = type, ...),
                    test = c("HTZ", "Naive-F", "chi-sq"))
  rows <- lapply(seq_len(nrow(test)), function(i) as.list(test[i, c("Fstat", "df_num", "df_denom", "p_val")]))
  setNames(rows, test$test)
})
zero <- function(columns, k) constrain_zero(columns, coefs = rep(0, k))
fit <- lm(Fertility ~ Agriculture + Education + Catholic, swiss)
equal <- rbind(c(0, 1, -1, 0), c(0, 0, 1, -1))
out <- list(
  swiss = case(fit, swiss$district, zero(2:4, 4)),
  swiss_equal = case(fit, swiss$district, equal),
  mtcars = case(lm(mpg ~ wt + hp + am, mtcars), mtcars$carb, zero(2:3, 4)),
  infert = case(lm(case ~ age + parity + spontaneous, infert), infert$stratum, zero(2:4, 4)),
  cbpp = case(lm(rate ~ factor(period), cbpp, weights = size), cbpp$herd, zero(2:4, 4), inverse_var = TRUE))
write_json(out, "tests/reference/joint.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
