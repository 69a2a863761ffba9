# The six centres of Fyhn et al. (2020) through R 4.2 (stats, glmnet 4.1-6, brglm2 0.9). Writes six_centres.json beside this file.
# 25 items, six sites, rank 5: slopes are those of smallest norm, and of the lasso only its fitted values are unique.
suppressMessages({library(jsonlite); library(glmnet); library(brglm2)})
table <- read.csv("python/steelyard/data/norway_ips/item_scores.csv")
x <- t(as.matrix(table[paste0("center_", 1:6)]))
colnames(x) <- table$item_id
high <- c(0, 0, 1, 0, 1, 1)
n <- rep(38, 6)
k <- c(10, 12, 20, 9, 21, 19)
varies <- apply(x, 2, sd) > 0
xc <- scale(x[, varies], scale = FALSE); yc <- high - mean(high)
s <- svd(xc)
keep <- s$d > 1e-10
smallest <- drop(s$v[, keep] %*% (crossprod(s$u[, keep], yc) / s$d[keep]))
ridge <- solve(crossprod(xc) / 6 + 0.1 * diag(ncol(xc)), crossprod(xc, yc) / 6)
lasso <- glmnet(xc, yc, lambda = c(0.5, 0.2, 0.05), standardize = FALSE, intercept = FALSE, thresh = 1e-18, maxit = 1e7)
pc <- prcomp(x[, varies], scale. = TRUE)
total <- rowSums(x)
firth <- glm(cbind(k, n - k) ~ total, binomial, method = "brglmFit", type = "AS_mean", epsilon = 1e-14, maxit = 1000)
plain <- glm(cbind(k, n - k) ~ total, binomial, control = glm.control(epsilon = 1e-15, maxit = 100))
out <- list(varying = colnames(xc), rank = sum(keep), correlation = unname(drop(cor(x[, varies], high))), smallest_norm = smallest,
            ridge = drop(ridge), lasso_fitted = unname(drop(predict(lasso, xc, s = 0.05))) + mean(high),
            component = unname(pc$x[, 1]), explained = pc$sdev[1]^2 / sum(pc$sdev^2), unit = unname(coef(lm(high ~ total))),
            total = unname(coef(plain)), total_firth = unname(coef(firth)))
writeLines(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE), "tests/reference/six_centres.json")
