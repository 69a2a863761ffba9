//! Binomial estimators: by hand, by invariant, against R.

use crate::cases::{close, columns};
use ndarray::{Array2, array};
use proptest::prelude::*;
use serde_json::Value;
use steelyard::linalg::dot;
use steelyard::regress::Trials;
use steelyard::regress::random_intercept::{self, Options};
use steelyard::regress::separation::{Fitted, detect};
use steelyard::regress::{beta_binomial, binomial};

/// cbpp of lme4: period dummies, incidence, size, herd from 0.
pub(crate) fn cbpp() -> (Trials, Vec<usize>) {
    let table = columns(include_str!("../reference/data/cbpp.csv"), &["herd", "incidence", "size", "period"]);
    let x = Array2::from_shape_fn((table.nrows(), 3), |(i, j)| f64::from(u8::from(table[[i, 3]] == (j + 2) as f64)));
    let column = |j: usize| table.column(j).to_vec();
    let herd = column(0).iter().map(|h| *h as usize - 1).collect();
    (Trials::new(x.view(), &column(1), &column(2)).unwrap(), herd)
}

fn mixed(data: &Trials, sites: &[usize], nodes: usize) -> random_intercept::RandomInterceptFit {
    random_intercept::fit(data, sites, Options { nodes, ..Options::default() }).unwrap().finite().unwrap()
}

#[test]
fn cbpp_by_laplace_and_quadrature() {
    let (data, herd) = cbpp();
    // Reference, section 6, row 19.
    let laplace = mixed(&data, &herd, 1);
    close(&laplace.coefficients, &[-1.398_532_1, -0.992_332_7, -1.128_672_1, -1.580_313_9], 2e-7);
    close(&[laplace.tau, -2.0 * laplace.log_likelihood], &[0.642_261_4, 184.052_563_7], 2e-7);
    // lme4 stops its optimiser early, hence 5e-5 on standard errors and 2e-7 on estimates.
    let expected = reference();
    for case in expected["cbpp_random_intercept"].as_array().unwrap() {
        let fit = mixed(&data, &herd, case["nodes"].as_u64().unwrap() as usize);
        close(&fit.coefficients, &numbers(&case["coefficients"]), 2e-7);
        close(&[fit.tau], &[case["tau"].as_f64().unwrap()], 2e-7);
        close(&errors(&fit.covariance), &numbers(&case["se"]), 5e-5);
        assert!(fit.gap < 1e-10, "{}", fit.gap);
    }
    close(&mixed(&data, &herd, 15).coefficients, &mixed(&data, &herd, 25).coefficients, 1e-8);
}

/// What `tests/reference/binomial.R` wrote.
fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/binomial.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn errors(covariance: &Array2<f64>) -> Vec<f64> {
    covariance.diag().iter().map(|v| v.sqrt()).collect()
}

#[test]
fn plain_and_overdispersed_fits_agree_with_r() {
    let expected = reference();
    let names = ["spontaneous", "induced", "age", "parity", "case"];
    let table = columns(include_str!("../reference/data/infert.csv"), &names);
    let y = table.column(4).to_vec();
    let infert = Trials::new(table.slice(ndarray::s![.., ..4]), &y, &vec![1.0; y.len()]).unwrap();
    let (cbpp, _) = cbpp();
    for (data, case) in [(&infert, &expected["infert"]), (&cbpp, &expected["cbpp"])] {
        let fit = binomial::fit(data, None).unwrap().finite().unwrap();
        close(&fit.coefficients, &numbers(&case["coefficients"]), 1e-11);
        // glm takes the weights of its last but one step.
        close(&errors(&fit.covariance), &numbers(&case["se"]), 1e-9);
        close(&[fit.deviance], &[case["deviance"].as_f64().unwrap()], 1e-12);
    }
    let fit = binomial::fit(&cbpp, None).unwrap().finite().unwrap();
    close(&[fit.log_likelihood], &[expected["cbpp"]["log_likelihood"].as_f64().unwrap()], 1e-12);
    close(&[fit.pearson / 52.0], &[expected["cbpp"]["dispersion"].as_f64().unwrap()], 1e-12);
    // VGAM stops at a half-step: its log-likelihood is below ours.
    let case = &expected["cbpp_beta_binomial"];
    let fit = beta_binomial::fit(&cbpp, None).unwrap().finite().unwrap();
    close(&fit.coefficients, &numbers(&case["coefficients"]), 1e-6);
    close(&[fit.rho], &[case["rho"].as_f64().unwrap()], 1e-6);
    assert!(fit.gap < 1e-15 && (fit.log_likelihood - case["log_likelihood"].as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn endometrial_is_separated_along_nv() {
    let table = columns(include_str!("../reference/data/endometrial.csv"), &["NV", "PI", "EH", "HG"]);
    let y = table.column(3).to_vec();
    let data = Trials::new(table.slice(ndarray::s![.., ..3]), &y, &vec![1.0; y.len()]).unwrap();
    let Fitted::Separated(found) = binomial::fit(&data, None).unwrap() else { panic!("not separated") };
    assert_eq!(found.infinite, vec![1]);
    assert!(!found.complete && found.direction[1] == 1.0);
    assert!(found.direction.iter().enumerate().all(|(j, d)| j == 1 || d.abs() < 1e-7), "{:?}", found.direction);
    assert!(found.finite[1].is_none());
    // The others are the maximum among the patients without neovasculation.
    close(
        &[found.finite[0].unwrap(), found.finite[2].unwrap(), found.finite[3].unwrap()],
        &[4.304_518, -0.042_183, -2.902_606],
        1e-6,
    );
}

fn rows() -> impl Strategy<Value = (Array2<f64>, Vec<f64>, Vec<f64>)> {
    (4..14_usize, 1..4_usize).prop_flat_map(|(n, p)| {
        (proptest::collection::vec(1..=5_i32, n * p), proptest::collection::vec((0..=12_u32, 0..=8_u32), n)).prop_map(
            move |(x, counts)| {
                let x = Array2::from_shape_vec((n, p), x.into_iter().map(f64::from).collect()).unwrap();
                let k: Vec<f64> = counts.iter().map(|(k, _)| f64::from(*k)).collect();
                let n: Vec<f64> = counts.iter().map(|(k, more)| f64::from(k + more).max(1.0)).collect();
                (x, k, n)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn finite_or_separated_never_in_between((x, k, n) in rows()) {
        let data = Trials::new(x.view(), &k, &n).unwrap();
        match (binomial::fit(&data, None), detect(&data).unwrap()) {
            (Ok(Fitted::Finite(fit)), found) => {
                prop_assert!(found.is_none());
                prop_assert!(fit.gap <= 1e-10);
                // The score is zero: fitted and observed sums agree, overall and along every item.
                let residual: Vec<f64> = (0..k.len()).map(|i| k[i] - n[i] * fit.fitted[i]).collect();
                prop_assert!(residual.iter().sum::<f64>().abs() < 1e-6);
                for column in x.columns() {
                    prop_assert!(dot(&column.to_vec(), &residual).abs() < 1e-5);
                }
            }
            (Ok(Fitted::Separated(a)), Some(b)) => prop_assert_eq!(a.infinite, b.infinite),
            (Err(error), _) => prop_assert!(error.to_string().starts_with("columns that depend"), "{}", error),
            (fit, found) => prop_assert!(false, "{fit:?} {found:?}"),
        }
    }

    #[test]
    fn counts_equal_expanded_rows((x, k, n) in rows()) {
        let data = Trials::new(x.view(), &k, &n).unwrap();
        let (mut rows, mut y) = (Vec::new(), Vec::new());
        for i in 0..k.len() {
            for t in 0..n[i] as usize {
                rows.push(i);
                y.push(f64::from(u8::from(t < k[i] as usize)));
            }
        }
        let long = Trials::new(x.select(ndarray::Axis(0), &rows).view(), &y, &vec![1.0; y.len()]).unwrap();
        if let (Ok(Fitted::Finite(a)), Ok(Fitted::Finite(b))) = (binomial::fit(&data, None), binomial::fit(&long, None)) {
            close(&a.coefficients, &b.coefficients, 1e-7);
        }
        let (a, b) = (mixed_or_none(&data, &(0..k.len()).collect::<Vec<_>>()), mixed_or_none(&long, &rows));
        if let (Some(a), Some(b)) = (a, b) {
            close(&a.coefficients, &b.coefficients, 1e-5);
        }
    }

    #[test]
    fn overdispersion_never_lowers_the_likelihood((x, k, n) in rows()) {
        let data = Trials::new(x.view(), &k, &n).unwrap();
        if let Ok(Fitted::Finite(fit)) = beta_binomial::fit(&data, None) {
            prop_assert!((0.0..1.0).contains(&fit.rho) && fit.gap <= 1e-10);
            prop_assert!(fit.log_likelihood >= fit.binomial.log_likelihood - 1e-9);
        }
    }
}

fn mixed_or_none(data: &Trials, sites: &[usize]) -> Option<random_intercept::RandomInterceptFit> {
    random_intercept::fit(data, sites, Options { nodes: 7, ..Options::default() }).ok()?.finite()
}

#[test]
fn a_site_effect_of_zero_is_the_plain_fit() {
    // Rates that agree better than chance would have it: the boundary.
    let data = Trials::new(array![[1.0], [2.0], [3.0], [4.0]].view(), &[4.0, 5.0, 6.0, 7.0], &[10.0; 4]).unwrap();
    let fit = mixed(&data, &[0, 1, 2, 3], 9);
    assert_eq!((fit.tau, fit.likelihood_ratio()), (0.0, 0.0));
    let other = beta_binomial::fit(&data, None).unwrap().finite().unwrap();
    assert_eq!(other.rho, 0.0);
    close(&fit.coefficients, &other.coefficients, 1e-12);
}
