//! Schemes: rules that turn data (or experts) into one weight per item. One file each, behind one protocol.
//!
//! [`Scheme::fit`] takes [`CrossMoments`] and returns a [`SchemeFit`]. Schemes with a penalty are tuned by
//! [`tune::leave_one_out`], which is handed folds, so that a contest can nest it. What every scheme shares (covariates
//! partialled out, constant items pinned to their prior weight, collinear items listed, weights scaled, a status)
//! happens once, in [`finish`].

pub mod ahp;
mod ahp_random_index;
pub mod best_worst;
pub mod budget;
mod components;
mod correlation;
pub mod counts;
mod design;
pub mod finish;
mod least_squares;
pub mod likelihood;
mod nonnegative;
pub(crate) mod penalty;
mod prior;
mod ridge;
pub mod rows;
mod shrink;
mod simplex;
mod sparse;
pub mod stability;
pub mod tune;
pub mod uncertainty;
mod unit;

pub use ahp::Ahp;
pub use best_worst::BestWorst;
pub use budget::Budget;
pub use components::{Pca, Pls};
pub use correlation::Correlation;
pub use counts::{CountRows, Counts};
pub use finish::{SchemeFit, Status};
pub use least_squares::{Ols, SubscaleOnly};
pub use likelihood::{Dispersion, Firth, Likelihood, LogF, Logistic, RandomIntercept};
pub use nonnegative::NonNegative;
pub use prior::{Prior, SubscaleEqual};
pub use ridge::Ridge;
pub use shrink::Shrink;
pub use simplex::{Simplex, Slope};
pub use sparse::{ElasticNet, Lasso};
pub use unit::Unit;

use crate::error::{Result, input};
use crate::regress::CrossMoments;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// The points that weights apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Points {
    /// Score points as they are (1 to 5): an item with a wider spread already counts for more.
    #[default]
    Raw,
    /// Points divided by the standard deviation of the rows at hand.
    Standardised,
}

/// What a scheme is fitted with, besides data.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Prior weight per item, length p: constant items keep it, collinear ones share by it. Ones unless said otherwise.
    pub prior: Vec<f64>,
    /// A penalty that was tuned elsewhere; it wins over the scheme's own.
    pub penalty: Option<f64>,
    /// The subscale of each item as a number, length p, for the schemes that need it.
    pub groups: Option<Vec<usize>>,
}

impl Setting {
    /// Prior weights of one, nothing tuned.
    pub fn plain(items: usize) -> Self {
        Self { prior: vec![1.0; items], penalty: None, groups: None }
    }

    /// The same with a tuned penalty.
    #[must_use]
    pub fn with_penalty(&self, penalty: Option<f64>) -> Self {
        Self { penalty, ..self.clone() }
    }
}

/// Every scheme, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case")]
pub enum Scheme {
    /// Equal weights: the plain total.
    Unit(Unit),
    /// Weights from experts or the literature.
    Prior(Prior),
    /// Every subscale counts the same.
    SubscaleEqual(SubscaleEqual),
    /// Pairwise judgements.
    Ahp(Ahp),
    /// Judgements against the best and the worst item.
    BestWorst(BestWorst),
    /// Points that raters spread over the items.
    Budget(Budget),
    /// The first principal component.
    Pca(Pca),
    /// Weights proportional to each item's correlation with the outcome.
    Correlation(Correlation),
    /// Least squares.
    Ols(Ols),
    /// Least squares on subscale sums.
    SubscaleOnly(SubscaleOnly),
    /// Ridge regression, shrunken toward zero.
    Ridge(Ridge),
    /// Regression shrunken toward target weights, whose score is free.
    Shrink(Shrink),
    /// Lasso.
    Lasso(Lasso),
    /// Elastic net.
    ElasticNet(ElasticNet),
    /// Least squares with no negative slope.
    NonNegative(NonNegative),
    /// Least squares over weights that share a whole.
    Simplex(Simplex),
    /// Partial least squares.
    Pls(Pls),
    /// Logistic regression.
    Logistic(Logistic),
    /// Firth's logistic regression.
    Firth(Firth),
    /// Logistic regression with log-F priors.
    LogF(LogF),
    /// Logistic regression with a random intercept per site.
    RandomIntercept(RandomIntercept),
}

impl Scheme {
    /// Fits the scheme.
    ///
    /// ```
    /// use ndarray::array;
    /// use steelyard::regress::CrossMoments;
    /// use steelyard::weighting::schemes::{Scheme, Setting, Unit};
    /// let x = array![[1.0, 2.0], [2.0, 2.0], [3.0, 5.0], [4.0, 3.0]];
    /// let moments = CrossMoments::from_rows(x.view(), None, &[1.0, 2.0, 6.0, 4.0], None)?;
    /// let fit = Scheme::Unit(Unit::default()).fit(&moments, &Setting::plain(2))?;
    /// assert_eq!(fit.weights, vec![1.0, 1.0]);
    /// assert_eq!(fit.slopes[0], fit.slopes[1]);
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn fit(&self, data: &CrossMoments, setting: &Setting) -> Result<SchemeFit> {
        check_length("prior weights", setting.prior.len(), data.items)?;
        let problem = finish::Problem::new(data, setting)?;
        if let (true, Some(early)) = (self.learns(), problem.hopeless()) {
            return Ok(early);
        }
        match self {
            Self::Unit(scheme) => Ok(scheme.fit(&problem)),
            Self::Prior(scheme) => scheme.fit(&problem),
            Self::SubscaleEqual(_) => SubscaleEqual::fit(&problem),
            Self::Ahp(scheme) => scheme.fit(&problem),
            Self::BestWorst(scheme) => scheme.fit(&problem),
            Self::Budget(scheme) => scheme.fit(&problem),
            Self::Pca(scheme) => scheme.fit(&problem),
            Self::Correlation(scheme) => Ok(scheme.fit(&problem)),
            Self::Ols(_) => Ols::fit(&problem),
            Self::SubscaleOnly(_) => SubscaleOnly::fit(&problem),
            Self::Lasso(scheme) => scheme.as_elastic_net().fit(&problem),
            Self::ElasticNet(scheme) => scheme.fit(&problem),
            Self::Simplex(scheme) => scheme.fit(&problem),
            Self::Pls(scheme) => scheme.fit(&problem),
            Self::Ridge(scheme) => scheme.fit(&problem),
            Self::Shrink(scheme) => scheme.fit(&problem),
            Self::NonNegative(_) => NonNegative::fit(&problem),
            Self::Logistic(_) | Self::Firth(_) | Self::LogF(_) | Self::RandomIntercept(_) => {
                Err(input("scheme on the log-odds scale fitted to moments")
                    .got(self.name())
                    .remedy("Give counts: 0/1 outcomes, or k with trials.")
                    .into())
            }
        }
    }

    /// The p x c map from what an unpenalised linear scheme estimates to slopes; `None` for schemes of another kind.
    fn linear_map(&self, problem: &finish::Problem<'_>, fit: &SchemeFit) -> Option<Array2<f64>> {
        let p = problem.whole.items;
        let varying = problem.varying();
        match self {
            Self::Ols(_) => {
                Some(Array2::from_shape_fn((p, varying.len()), |(j, k)| if varying[k] == j { 1.0 } else { 0.0 }))
            }
            Self::SubscaleOnly(_) => least_squares::members(problem).ok(),
            _ if !self.learns() => {
                Some(Array2::from_shape_fn((p, 1), |(j, _)| if varying.contains(&j) { fit.weights[j] } else { 0.0 }))
            }
            _ => None,
        }
    }

    /// The likelihood behind a scheme on the log-odds scale, which [`counts::fit_counts`] fits; `None` for the others.
    pub fn likelihood(&self) -> Option<Likelihood<'_>> {
        match self {
            Self::Logistic(scheme) => Some(Likelihood::Logistic(scheme)),
            Self::Firth(scheme) => Some(Likelihood::Firth(scheme)),
            Self::LogF(scheme) => Some(Likelihood::LogF(scheme)),
            Self::RandomIntercept(scheme) => Some(Likelihood::RandomIntercept(scheme)),
            _ => None,
        }
    }

    /// Fits the scheme at each of the penalties, sharing what can be shared (one eigendecomposition for ridge). Schemes without a
    /// penalty are fitted once and repeated.
    pub fn fit_path(&self, data: &CrossMoments, setting: &Setting, penalties: &[f64]) -> Result<Vec<SchemeFit>> {
        check_length("prior weights", setting.prior.len(), data.items)?;
        let problem = finish::Problem::new(data, setting)?;
        if let (true, Some(early)) = (self.learns(), problem.hopeless()) {
            return Ok(vec![early; penalties.len()]);
        }
        match self {
            Self::Ridge(_) => Ridge::path(&problem, penalties),
            Self::Shrink(scheme) => scheme.path(&problem, penalties),
            Self::Lasso(scheme) => scheme.as_elastic_net().path(&problem, penalties),
            Self::ElasticNet(scheme) => scheme.path(&problem, penalties),
            _ => Ok(vec![self.fit(data, setting)?; penalties.len()]),
        }
    }

    /// The slopes of a path without anything around them, where no item needs pinning; `None` where a whole fit is needed.
    fn slope_path(&self, data: &CrossMoments, setting: &Setting, penalties: &[f64]) -> Result<Option<Vec<Vec<f64>>>> {
        match self {
            Self::Lasso(scheme) => scheme.as_elastic_net().slope_path(data, setting, penalties),
            Self::ElasticNet(scheme) => scheme.slope_path(data, setting, penalties),
            _ => Ok(None),
        }
    }

    /// The directions that the scheme gives at each of the penalties, to be calibrated.
    pub(super) fn directions(
        &self,
        data: &CrossMoments,
        setting: &Setting,
        penalties: &[f64],
    ) -> Result<Vec<Vec<f64>>> {
        if let Some(slopes) = self.slope_path(data, setting, penalties)? {
            return Ok(slopes);
        }
        Ok(self.fit_path(data, setting, penalties)?.into_iter().map(|fit| fit.weights).collect())
    }

    /// The penalties to choose from when the scheme has a penalty that was left open; `None` otherwise.
    pub fn open_penalties(&self, data: &CrossMoments) -> Option<Vec<f64>> {
        match self {
            Self::Ridge(Ridge { penalty: None, .. }) => Some(tune::grid(data, false)),
            Self::Shrink(Shrink { penalty: None, .. }) => Some(tune::grid(data, true)),
            Self::Lasso(scheme) if scheme.penalty.is_none() => Some(scheme.as_elastic_net().grid(data)),
            Self::ElasticNet(scheme) if scheme.penalty.is_none() => Some(scheme.grid(data)),
            _ => None,
        }
    }

    /// Whether the weights depend on outcomes.
    pub fn learns(&self) -> bool {
        !matches!(
            self,
            Self::Unit(_)
                | Self::Prior(_)
                | Self::SubscaleEqual(_)
                | Self::Ahp(_)
                | Self::BestWorst(_)
                | Self::Budget(_)
        )
    }

    /// A short name for tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unit(_) => "unit",
            Self::Prior(_) => "prior",
            Self::SubscaleEqual(_) => "subscale-equal",
            Self::Ahp(_) => "AHP",
            Self::BestWorst(_) => "best-worst",
            Self::Budget(_) => "budget",
            Self::Pca(_) => "PCA",
            Self::Ols(_) => "least squares",
            Self::SubscaleOnly(_) => "subscale-only",
            Self::Lasso(_) => "lasso",
            Self::ElasticNet(_) => "elastic net",
            Self::Simplex(_) => "simplex",
            Self::Pls(_) => "PLS",
            Self::Correlation(_) => "correlation",
            Self::Ridge(_) => "ridge",
            Self::Shrink(_) => "shrink to target",
            Self::NonNegative(_) => "non-negative",
            Self::Logistic(_) => "logistic",
            Self::Firth(_) => "Firth",
            Self::LogF(_) => "log-F",
            Self::RandomIntercept(_) => "random intercept",
        }
    }
}

pub(super) fn check_length(what: &str, got: usize, items: usize) -> Result<()> {
    if got == items {
        return Ok(());
    }
    Err(input(format!("{what} of the wrong length"))
        .got(got)
        .allowed(format!("one per item, {items}"))
        .remedy("Give them in the order of the item columns.")
        .into())
}

pub(super) fn check_weights(what: &str, weights: &[f64], items: usize) -> Result<()> {
    check_length(what, weights.len(), items)?;
    if weights.iter().all(|w| w.is_finite() && *w >= 0.0) && weights.iter().any(|w| *w > 0.0) {
        return Ok(());
    }
    Err(input(format!("{what} not allowed")).allowed("finite, none negative, at least one positive").into())
}

pub(super) fn check_penalty(penalty: f64) -> Result<f64> {
    if penalty >= 0.0 {
        return Ok(penalty);
    }
    Err(input("penalty not allowed").got(penalty).allowed("0 or more; infinity for the target alone").into())
}
