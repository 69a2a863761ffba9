# Writes the data sets that the tests use, from base R (4.2), lme4 and brglm2.
library(lme4)
library(brglm2)
data(endometrial)
for (name in c("swiss", "mtcars", "attitude", "longley", "stackloss", "infert", "cbpp", "endometrial")) {
  write.csv(get(name), file.path("tests/reference/data", paste0(name, ".csv")), row.names = FALSE)
}
