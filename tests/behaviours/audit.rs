//! The audit against brute force, against the literature's examples and on the published six-centre table.

use proptest::prelude::*;
use std::collections::{BTreeSet, HashSet};
use steelyard::audit::{
    Cut, Grid, GridOptions, Kept, Margin, Printed, Rounding, SdKind, Solution, TableOptions, Verdict, debit, grim,
    grimmer, grimmer_verdict, percent_column, ranks, sd_bounds, solve_table, subset_of_answers, subset_of_counts,
    triple,
};

fn n(n: i64) -> GridOptions {
    GridOptions { n, ..GridOptions::default() }
}

fn likert(n: i64) -> GridOptions {
    GridOptions { n, low: Some("1".into()), high: Some("5".into()), ..GridOptions::default() }
}

/// Printed units (two decimals) of `numerator / denominator`, by both rules: computed apart from the library.
fn two_decimals(numerator: i64, denominator: i64) -> Vec<i64> {
    let (q, r) = ((100 * numerator) / denominator, (100 * numerator) % denominator);
    match (2 * r).cmp(&denominator) {
        std::cmp::Ordering::Less => vec![q],
        std::cmp::Ordering::Greater => vec![q + 1],
        std::cmp::Ordering::Equal => vec![q, q + 1].into_iter().filter(|u| *u == q + 1 || u % 2 == 0).collect(),
    }
}

/// The same for a square root.
fn root_two_decimals(numerator: i64, denominator: i64) -> Vec<i64> {
    // u is printed when (2u-1)^2 < 40000 V < (2u+1)^2; at equality the rule decides.
    let scaled = 40_000 * numerator;
    let mut u = (10_000.0 * numerator as f64 / denominator as f64).sqrt() as i64;
    while (2 * u + 1).pow(2) * denominator < scaled {
        u += 1;
    }
    while u > 0 && (2 * u - 1).pow(2) * denominator > scaled {
        u -= 1;
    }
    let mut found = Vec::new();
    for candidate in (u - 1).max(0)..=u + 1 {
        let low = (2 * candidate - 1).max(0).pow(2) * denominator;
        let high = (2 * candidate + 1).pow(2) * denominator;
        let inside = (candidate == 0 || low < scaled) && scaled < high;
        let tie_up = candidate > 0 && low == scaled;
        let tie_even = candidate % 2 == 0 && (high == scaled || low == scaled);
        if inside || tie_up || tie_even {
            found.push(candidate);
        }
    }
    found
}

/// All (sum, sum of squares) of n answers from 1 to 5, by adding one answer at a time.
fn all_sums(n: i64) -> BTreeSet<(i64, i64)> {
    (0..n).fold(BTreeSet::from([(0, 0)]), |reached, _| {
        reached.into_iter().flat_map(|(s, q)| (1..=5).map(move |v| (s + v, q + v * v))).collect()
    })
}

fn printed(units: i64) -> Printed {
    Printed::parse("number", &format!("{}.{:02}", units / 100, units % 100)).unwrap()
}

#[test]
fn grimmer_agrees_with_brute_force_for_every_mean_and_sd() {
    for size in 2..=20 {
        let mut possible: HashSet<(i64, i64)> = HashSet::new();
        for (sum, squares) in all_sums(size) {
            for mean in two_decimals(sum, size) {
                for sd in root_two_decimals(size * squares - sum * sum, size * (size - 1)) {
                    possible.insert((mean, sd));
                }
            }
        }
        let grid = Grid::new(&likert(size)).unwrap();
        for mean in 100..=500 {
            for sd in 0..=290 {
                let verdict = grimmer_verdict(printed(mean), printed(sd), grid, SdKind::Sample, Rounding::Either);
                let expected = possible.contains(&(mean, sd));
                assert_eq!(
                    matches!(verdict, Verdict::Possible { .. }),
                    expected,
                    "n {size} mean {mean} sd {sd}: {verdict:?}"
                );
                assert_ne!(verdict, Verdict::Undecided);
            }
        }
    }
}

#[test]
fn the_examples_of_the_literature() {
    // Brown and Heathers (2017), table 1, and the README of R scrutiny.
    for (mean, size, expected) in [("5.27", 43, false), ("5.19", 28, false), ("7.22", 32, true), ("2.68", 28, true)] {
        assert_eq!(grim(mean, &n(size), false, Rounding::Either).unwrap().consistent, expected, "{mean} {size}");
    }
    let found = debit("0.19", "0.35", 1683, SdKind::Sample, Rounding::Either).unwrap();
    assert!(!found.consistent && found.possible_sd.is_some_and(|(low, high)| low > 0.388 && high < 0.397));
    assert!(!debit("0.50", "0.51", 60, SdKind::Sample, Rounding::Either).unwrap().consistent);
    assert!(debit("0.50", "0.50", 60, SdKind::Sample, Rounding::Either).unwrap().consistent);
    let found = grimmer("3.10", "1.37", &n(10), SdKind::Sample, Rounding::Either).unwrap();
    assert_eq!((found.consistent, found.sums), (Some(true), Some((31, 113))));
    assert_eq!(grimmer("7.3", "2.51", &n(12), SdKind::Sample, Rounding::Either).unwrap().consistent, Some(false));
    // Several items per person give finer means: 3.05 of 10 people is impossible with one item, possible with four.
    assert!(!grim("3.05", &n(10), false, Rounding::Either).unwrap().consistent);
    let four = GridOptions { items: Some(4), ..n(10) };
    assert!(grim("3.05", &four, false, Rounding::Either).unwrap().consistent);
    assert!(!grim("33.4", &n(12), true, Rounding::Either).unwrap().consistent);
    assert_eq!(grim("33.3", &n(12), true, Rounding::Either).unwrap().totals, Some((400.0, 400.0)));
}

#[test]
fn sd_bounds_are_reached() {
    let bound = |size, mean| sd_bounds(size, 97.0, 109.0, mean, SdKind::Sample, Rounding::Either).unwrap().high;
    assert!((bound(6, None) - 12.0 / 2.0 * 1.2_f64.sqrt()).abs() < 1e-12);
    // Five values: two and three at the ends.
    assert!((bound(5, None) - 12.0 * (6.0_f64 / 5.0 / 4.0).sqrt()).abs() < 1e-12);
    // Mean 99 of six: one at 109, five at 97.
    let exact = sd_bounds(6, 97.0, 109.0, Some("99.000000"), SdKind::Sample, Rounding::Either).unwrap().high;
    assert!((exact - (120.0_f64 / 5.0).sqrt()).abs() < 1e-4, "{exact}");
    assert!(sd_bounds(1, 0.0, 1.0, None, SdKind::Sample, Rounding::Either).is_err());
}

#[test]
fn counts_percentages_and_sizes() {
    // Satisfaction: all five follow from 78; usefulness: 30 and 39 do not.
    for (count, percent) in [(1, "1"), (7, "9"), (14, "18"), (29, "37"), (27, "35")] {
        assert!(triple(Some(count), percent, 78, Rounding::Either).unwrap().consistent);
    }
    assert_eq!(triple(Some(23), "30", 78, Rounding::Either).unwrap().sizes, Some((76, 77)));
    assert!(!triple(Some(30), "39", 78, Rounding::Either).unwrap().consistent);
    assert_eq!(triple(None, "30", 78, Rounding::Either).unwrap().counts, None);
    assert_eq!(triple(None, "51.4", 146, Rounding::Either).unwrap().counts, Some((75, 75)));
    let column: Vec<String> = ["4", "4", "24", "30", "39"].map(String::from).to_vec();
    assert!(percent_column(&column, None, Rounding::Either).unwrap().consistent, "101 in print can be 100");
    let found = percent_column(&column, Some(78), Rounding::Either).unwrap();
    assert_eq!((found.consistent, found.impossible_rows), (false, vec![3, 4]));
    let off: Vec<String> = ["50", "60"].map(String::from).to_vec();
    assert!(!percent_column(&off, None, Rounding::Either).unwrap().consistent);
    assert!(triple(Some(3), "101", 3, Rounding::Either).is_err());
    assert!(triple(Some(4), "100", 3, Rounding::Either).is_err());
}

fn cut(n: i64) -> Cut {
    Cut { n, percent: None, mean: None, sd: None, count: None, counts: None }
}

#[test]
fn a_cut_inside_a_larger_one() {
    let yes = |n, percent: &str| Cut { percent: Some(percent.into()), ..cut(n) };
    let found = subset_of_counts(&yes(77, "43"), &yes(95, "46"), Rounding::Either).unwrap();
    assert_eq!((found.feasible, found.added, found.remainder), (Some(true), 18, Some((11.0, 11.0))));
    let found = subset_of_counts(&yes(77, "43"), &yes(80, "50"), Rounding::Either).unwrap();
    assert_eq!(found.feasible, Some(false));
    // Satisfaction: counts of 78 inside mean 3.95, SD 0.97 of 95: seventeen further answers that add to 67.
    let table = Cut { counts: Some(vec![1, 7, 14, 29, 27]), ..cut(78) };
    let text = Cut { mean: Some("3.95".into()), sd: Some("0.97".into()), ..cut(95) };
    let found = subset_of_answers(&table, &text, &likert(1), SdKind::Sample, Rounding::Either).unwrap();
    assert_eq!((found.feasible, found.remainder), (Some(true), Some((67.0, 67.0))));
    let same = Cut { mean: Some("3.95".into()), sd: Some("0.97".into()), ..cut(78) };
    let found = subset_of_answers(&table, &same, &likert(1), SdKind::Sample, Rounding::Either).unwrap();
    assert_eq!(found.feasible, Some(false), "the counts have SD 1.01");
    assert!(subset_of_counts(&yes(95, "46"), &yes(77, "43"), Rounding::Either).is_err());
}

#[test]
fn ranks_that_values_do_not_support() {
    let values: Vec<String> = ["92", "92", "79", "81"].map(String::from).to_vec();
    let found = ranks(&values, &[1, 2, 3, 4], false).unwrap();
    let problems: Vec<_> = found.iter().map(|f| (f.ahead, f.behind, f.problem)).collect();
    assert_eq!(problems, vec![(0, 1, "tie broken"), (2, 3, "inverted")]);
    assert!(ranks(&values, &[1, 1, 4, 3], false).unwrap().is_empty());
}

fn column(text: &str, at: usize) -> Vec<String> {
    text.lines().skip(1).map(|line| fields(line)[at].clone()).collect()
}

fn fields(line: &str) -> Vec<String> {
    let (mut all, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(String::new()),
            c => all.last_mut().unwrap().push(c),
        }
    }
    all
}

/// Table 5 of the study: six centres, 25 items, three printed means per item, printed totals.
fn norway(totals: bool) -> TableOptions {
    let scores = include_str!("../../python/steelyard/data/norway_ips/item_scores.csv");
    let means = include_str!("../../python/steelyard/data/norway_ips/published_item_means.csv");
    let centers = include_str!("../../python/steelyard/data/norway_ips/centers.csv");
    let margin = |name: &str, over: Option<Vec<usize>>, at| Margin {
        name: name.into(),
        over,
        total: false,
        values: column(means, at).into_iter().map(Some).collect(),
    };
    let sums = Margin {
        name: "total".into(),
        over: None,
        total: true,
        values: column(centers, 2).into_iter().map(Some).collect(),
    };
    TableOptions {
        cells: scores.lines().skip(1).map(|line| fields(line)[4..10].to_vec()).collect(),
        rows: column(scores, 1),
        columns: ["1", "2", "3", "4", "5", "6"].map(String::from).to_vec(),
        row_margins: vec![
            margin("all", None, 2),
            margin("less performing", Some(vec![0, 1, 3]), 3),
            margin("high performing", Some(vec![2, 4, 5]), 4),
        ],
        column_margins: if totals { vec![sums] } else { vec![] },
        low: Some("1".into()),
        high: Some("5".into()),
        steps: ["1", "1/2", "1/3", "1/4", "1/5", "1/10"].map(String::from).to_vec(),
        rounding: Rounding::Either,
    }
}

#[test]
fn the_published_table_is_explained_by_twelve_half_points() {
    let solution = solve_table(&norway(true)).unwrap();
    assert!(!solution.consistent);
    assert_eq!(solution.printed_totals, [97.0, 103.0, 102.0, 89.0, 89.0, 109.0]);
    let first = &solution.attempts[0];
    let rows: HashSet<_> = first.conflicts.iter().map(|c| c.place.clone()).collect();
    let of = |name: &str| first.conflicts.iter().filter(|c| c.margin == name).count();
    assert_eq!((rows.len(), of("all"), of("less performing"), of("high performing")), (12, 9, 0, 12));
    let found = solution.explanation.as_ref().unwrap();
    assert_eq!((found.step, found.display, found.kept), (0.5, Rounding::HalfUp, Kept::Rows));
    assert_eq!(found.hidden.len(), 12);
    assert!(found.hidden.iter().all(|h| h.amount == (-0.5, -0.5) && h.group == "high performing"));
    let fixed = |t: f64| (t, t);
    assert_eq!(found.totals, [fixed(97.0), fixed(103.0), (96.0, 102.0), fixed(89.0), (83.5, 89.0), (103.0, 109.0)]);
    assert_eq!(found.mean, (583.0 / 6.0, 583.0 / 6.0));
    // Eleven rows with three places for the half point, job development frequency with two (a 1 cannot hide a 0.5).
    assert_eq!(found.matrices, Some(3_f64.powi(11) * 2.0));
    let simple: Vec<_> = found.simplest.iter().map(|s| (s.columns.clone(), s.sd.unwrap(), s.unique)).collect();
    assert_eq!(simple.len(), 2);
    assert!(simple[0].0 == ["3"] && (simple[0].1 - 7.86).abs() < 0.005 && simple[0].2, "{simple:?}");
    assert!(simple[1].0 == ["6"] && (simple[1].1 - 6.71).abs() < 0.005 && simple[1].2, "{simple:?}");
    assert_eq!(found.simplest[0].totals[2], 96.0);
}

#[test]
fn printed_means_and_printed_totals_contradict_each_other() {
    let solution = solve_table(&norway(true)).unwrap();
    let both = solution.attempts.iter().find(|a| a.kept == Kept::Both && a.step == 0.5).unwrap();
    let clash = both.clash.as_ref().unwrap();
    assert_eq!((clash.group.as_str(), clash.by_rows), ("all", (583.0, 583.0)));
    assert!(clash.by_columns.0 > 583.0);
}

/// Recomputes every margin of a matrix and says whether each rounds to what was printed.
fn explains(options: &TableOptions, matrix: &[Vec<f64>]) -> bool {
    let close = |value: f64, text: &str| {
        let decimals = text.split_once('.').map_or(0, |(_, d)| d.len());
        (value - text.parse::<f64>().unwrap()).abs() <= 0.5 / 10_f64.powf(decimals as f64) + 1e-9
    };
    options.row_margins.iter().all(|margin| {
        let over = margin.over.clone().unwrap_or_else(|| (0..options.columns.len()).collect());
        matrix.iter().zip(&margin.values).all(|(row, value)| {
            let sum: f64 = over.iter().map(|j| row[*j]).sum();
            value.as_ref().is_none_or(|v| close(if margin.total { sum } else { sum / over.len() as f64 }, v))
        })
    })
}

#[test]
fn certificates_explain_every_printed_mean() {
    let options = norway(false);
    let found = solve_table(&options).unwrap().explanation.unwrap();
    assert!(explains(&options, &found.certificate));
    for simple in &found.simplest {
        assert!(explains(&options, &simple.scores));
    }
    // The printed integers themselves do not.
    let integers: Vec<Vec<f64>> =
        options.cells.iter().map(|r| r.iter().map(|c| c.parse().unwrap()).collect()).collect();
    assert!(!explains(&options, &integers));
}

/// A table printed from known half-point scores: 2 to 3 rows, 3 columns, two groups, column totals of half the tables.
fn table_of(truth: &[Vec<i64>], totals: bool) -> TableOptions {
    let text = |halves: i64, divisor: i64| {
        let tenths = (10 * halves * 2 + 2 * divisor).div_euclid(4 * divisor);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let mean = |over: &[usize]| -> Vec<Option<String>> {
        truth
            .iter()
            .map(|row| Some(text(over.iter().map(|j| row[*j]).sum(), i64::try_from(over.len()).unwrap())))
            .collect()
    };
    let margin = |name: &str, over: Vec<usize>| Margin {
        name: name.into(),
        values: mean(&over),
        over: Some(over),
        total: false,
    };
    let sums = (0..3).map(|j| Some(text(truth.iter().map(|r| r[j]).sum(), 1))).collect();
    TableOptions {
        // Half-up display: 7 halves print as 4.
        cells: truth.iter().map(|row| row.iter().map(|h| ((h + 1) / 2).to_string()).collect()).collect(),
        rows: (0..truth.len()).map(|i| format!("item {i}")).collect(),
        columns: ["a", "b", "c"].map(String::from).to_vec(),
        row_margins: vec![margin("all", vec![0, 1, 2]), margin("pair", vec![0, 1])],
        column_margins: if totals {
            vec![Margin { name: "total".into(), over: None, total: true, values: sums }]
        } else {
            vec![]
        },
        low: Some("1".into()),
        high: Some("5".into()),
        steps: vec!["1/2".into()],
        rounding: Rounding::HalfUp,
    }
}

/// All half-point matrices that are printed as this table: brute force over every cell.
fn brute_force(options: &TableOptions) -> Vec<Vec<Vec<i64>>> {
    let shape = (options.rows.len(), options.columns.len());
    let cells: Vec<i64> = options.cells.iter().flatten().map(|c| c.parse().unwrap()).collect();
    (0..1_u32 << cells.len())
        .map(|bits| {
            let halves: Vec<i64> = cells.iter().enumerate().map(|(k, c)| 2 * c - i64::from(bits >> k & 1)).collect();
            halves.chunks(shape.1).map(<[i64]>::to_vec).collect::<Vec<_>>()
        })
        .filter(|matrix| matrix.iter().flatten().all(|h| (2..=10).contains(h)))
        .filter(|matrix| {
            let again = table_of(matrix, !options.column_margins.is_empty());
            let same = |a: &[Margin], b: &[Margin]| a.iter().zip(b).all(|(x, y)| x.values == y.values);
            same(&again.row_margins, &options.row_margins) && same(&again.column_margins, &options.column_margins)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_solver_finds_exactly_what_brute_force_finds(
        truth in prop::collection::vec(prop::collection::vec(2_i64..=10, 3), 2..=3),
        totals in any::<bool>(),
    ) {
        let options = table_of(&truth, totals);
        let Solution { explanation, .. } = solve_table(&options).unwrap();
        let found = explanation.unwrap();
        let all = brute_force(&options);
        prop_assert!(all.contains(&truth));
        for i in 0..truth.len() {
            for j in 0..3 {
                let values = all.iter().map(|m| m[i][j] as f64 / 2.0);
                prop_assert_eq!(found.cells_low[i][j], values.clone().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(found.cells_high[i][j], values.fold(0.0, f64::max));
            }
        }
        if !totals {
            prop_assert_eq!(found.matrices, Some(all.len() as f64));
        }
        let sds: Vec<f64> = all.iter().map(|m| {
            let sums: Vec<f64> = (0..3).map(|j| m.iter().map(|r| r[j] as f64 / 2.0).sum()).collect();
            let mean = sums.iter().sum::<f64>() / 3.0;
            (sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 2.0).sqrt()
        }).collect();
        let range = found.sd.unwrap();
        prop_assert!((range.low - sds.iter().copied().fold(f64::INFINITY, f64::min)).abs() < 1e-9);
        prop_assert!((range.high - sds.iter().copied().fold(0.0, f64::max)).abs() < 1e-9);
    }
}

#[test]
fn tables_that_cannot_be_read_are_refused() {
    let message = |change: &dyn Fn(&mut TableOptions)| {
        let mut options = norway(false);
        change(&mut options);
        solve_table(&options).unwrap_err().to_string()
    };
    assert!(message(&|o| o.cells[3][2] = "4,5".into()).contains("row \"team_integration\", column \"3\""));
    assert!(message(&|o| o.cells[0][0] = "6".into()).contains("score outside its scale"));
    assert!(message(&|o| o.rows[1] = "caseload_size".into()).contains("two rows have the same name"));
    assert!(message(&|o| o.row_margins[1].over = Some(vec![0, 2])).contains("overlap"));
    assert!(message(&|o| o.row_margins[0].values.truncate(3)).contains("margin of another length"));
}
