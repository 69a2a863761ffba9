//! Scores of sites against a scale: every cell is a score, a code or blank, and the first fault names its place.

use crate::error::{Error, Result, input};
use crate::scale::{Item, Scale};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happens to a site whose total the scale's rule does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Incomplete {
    /// The first such site is an error that names its first missing cell.
    Refuse,
    /// The site stays without a total; its bounds say what it could be.
    Keep,
}

/// Scores that satisfy the scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Row-major, sites x items, turned so that high is good; NaN where there is no score.
    pub values: Vec<f64>,
    /// Each cell without a score and why, in row order.
    pub absent: Vec<Absent>,
    /// Items that have the same score at every site.
    pub constant: Vec<usize>,
}

/// A cell without a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Absent {
    /// Site index.
    pub site: usize,
    /// Item index.
    pub item: usize,
    /// `blank`, `code 9: not scored` or `code 8: does not apply`.
    pub reason: String,
}

/// Checks a matrix of scores as it was entered.
///
/// `sites` names the rows, `entered` is row-major with one column per item of the scale and NaN for a blank cell.
///
/// ```
/// use steelyard::{data::study::{check_scores, Incomplete}, scale::shipped};
/// let scale = shipped::load("ips-15")?;
/// let sites = ["Oslo".to_string(), "Bergen".to_string()];
/// let mut entered = vec![4.0; 30];
/// entered[7] = 6.0;
/// let error = check_scores(&scale, &sites, &entered, Incomplete::Refuse).unwrap_err();
/// assert!(error.to_string().starts_with("score out of range in row 1 (site \"Oslo\"), column \"rapid_search\": got 6"));
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn check_scores(scale: &Scale, sites: &[String], entered: &[f64], incomplete: Incomplete) -> Result<Scores> {
    check_sites(sites)?;
    let reviews = check_reviews(scale, sites, entered)?;
    let rows: Vec<Vec<usize>> = (0..sites.len()).map(|i| vec![i]).collect();
    combine(scale, sites, &rows, &reviews, incomplete)
}

/// Checks every cell of a sheet with one row per review; sites may stand in several rows.
pub fn check_reviews(scale: &Scale, sites: &[String], entered: &[f64]) -> Result<Scores> {
    let p = scale.items.len();
    if let Some(i) = sites.iter().position(|site| site.trim().is_empty()) {
        return Err(nameless(i));
    }
    if entered.len() != sites.len() * p {
        return Err(input("scores of the wrong shape")
            .got(format!("{} numbers", entered.len()))
            .allowed(format!("{} sites x {p} items", sites.len()))
            .into());
    }
    let mut values = Vec::with_capacity(entered.len());
    let mut absent = Vec::new();
    for (i, row) in entered.chunks_exact(p).enumerate() {
        for (j, (&x, item)) in row.iter().zip(&scale.items).enumerate() {
            match read_cell(x, item) {
                Ok(score) => values.push(score),
                Err(Fault::Absent(reason)) => {
                    values.push(f64::NAN);
                    absent.push(Absent { site: i, item: j, reason });
                }
                Err(Fault::Wrong) => return Err(wrong_cell(x, item, &place(sites, i, item))),
            }
        }
    }
    let constant = constant_items(&values, p);
    Ok(Scores { values, absent, constant })
}

/// Makes one row per unit of checked reviews: `rows[u]` lists the reviews whose scores are averaged for unit `u` (one
/// review: its scores). A cell that no review scored stays absent, with the reason of the first.
pub fn combine(
    scale: &Scale,
    units: &[String],
    rows: &[Vec<usize>],
    reviews: &Scores,
    incomplete: Incomplete,
) -> Result<Scores> {
    let p = scale.items.len();
    check_sites(units)?;
    let n = reviews.values.len() / p.max(1);
    if rows.len() != units.len() || rows.iter().any(|own| own.is_empty() || own.iter().any(|&r| r >= n)) {
        return Err(Error::Internal { what: "the reviews of a unit".into() });
    }
    let mut values = Vec::with_capacity(units.len() * p);
    let mut absent = Vec::new();
    for (u, own) in rows.iter().enumerate() {
        for j in 0..p {
            let scored = own.iter().map(|&r| reviews.values[r * p + j]).filter(|x| !x.is_nan());
            let (sum, count) = scored.fold((0.0, 0_usize), |(s, c), x| (s + x, c + 1));
            values.push(if count == 0 { f64::NAN } else { sum / count as f64 });
            if count == 0 {
                let why = reviews.absent.iter().find(|cell| cell.site == own[0] && cell.item == j);
                absent.push(Absent {
                    site: u,
                    item: j,
                    reason: why.map_or("blank".into(), |cell| cell.reason.clone()),
                });
            }
        }
    }
    if incomplete == Incomplete::Refuse {
        for (u, row) in values.chunks_exact(p).enumerate() {
            let first = absent.iter().find(|cell| cell.site == u);
            if let (Some(cell), Some(reason)) = (first, scale.total(row).reason) {
                let place =
                    format!("row {} (site \"{}\"), column \"{}\"", rows[u][0] + 1, units[u], scale.items[cell.item].id);
                return Err(missing_cell(cell, &reason, &place));
            }
        }
    }
    let constant = constant_items(&values, p);
    if constant.len() == p {
        return Err(input("no item varies between the sites")
            .got(format!("{p} constant items at {} sites", units.len()))
            .allowed("at least one item with two different scores")
            .remedy("Check that the sheet was not filled down.")
            .into());
    }
    Ok(Scores { values, absent, constant })
}

/// Checks the scores of one review: oriented, NaN where there is none.
pub fn check_review(scale: &Scale, entered: &[f64]) -> Result<Vec<f64>> {
    if entered.len() != scale.items.len() {
        return Err(input("review of the wrong length")
            .got(format!("{} scores", entered.len()))
            .allowed(format!("{} scores, one per item of {}", scale.items.len(), scale.id))
            .into());
    }
    let cell = |(&x, item): (&f64, &Item)| match read_cell(x, item) {
        Ok(score) => Ok(score),
        Err(Fault::Absent(_)) => Ok(f64::NAN),
        Err(Fault::Wrong) => Err(wrong_cell(x, item, &format!("column \"{}\"", item.id))),
    };
    entered.iter().zip(&scale.items).map(cell).collect()
}

/// Every cell of a sheet that is no score, no code and not blank, with what to do about it: for readers that show all
/// problems at once. `places` names the cells of `entered`, row-major with one column per item.
pub fn wrong_cells(scale: &Scale, places: &[String], entered: &[f64]) -> Vec<(usize, Error)> {
    let items = scale.items.iter().cycle();
    let cells = entered.iter().zip(places).zip(items).enumerate();
    cells
        .filter(|(_, ((x, _), item))| matches!(read_cell(**x, item), Err(Fault::Wrong)))
        .map(|(at, ((x, place), item))| (at, wrong_cell(*x, item, place)))
        .collect()
}

enum Fault {
    Absent(String),
    Wrong,
}

fn read_cell(x: f64, item: &Item) -> std::result::Result<f64, Fault> {
    if x.is_nan() {
        Err(Fault::Absent("blank".into()))
    } else if item.missing_codes.contains(&x) {
        Err(Fault::Absent(format!("code {x}: not scored")))
    } else if item.not_applicable_codes.contains(&x) {
        Err(Fault::Absent(format!("code {x}: does not apply")))
    } else if item.admits(x) {
        Ok(item.oriented(x))
    } else {
        Err(Fault::Wrong)
    }
}

fn place(sites: &[String], i: usize, item: &Item) -> String {
    format!("row {} (site \"{}\"), column \"{}\"", i + 1, sites[i], item.id)
}

fn wrong_cell(x: f64, item: &Item, place: &str) -> Error {
    let off_step = x > item.minimum && x < item.maximum;
    let what = if off_step { "score off the step" } else { "score out of range" };
    let remedy = if off_step && ((x * 2.0).fract() == 0.0) {
        "Correct the cell, or, if the study uses half points, use scale.replace(step=0.5).".to_owned()
    } else if off_step {
        format!(
            "Correct the cell; if it is a mean of several reviewers, use scale.replace(step=...) with its step, not {}.",
            item.step
        )
    } else if x.fract() == 0.0 {
        format!(
            "Correct the cell, or, if {x} means \"not rated\", use scale.replace(missing_codes=[{x}]); if it means \"does not apply\", not_applicable_codes=[{x}]."
        )
    } else {
        "Correct the cell.".to_owned()
    };
    input(what).at(place).got(x).allowed(item.rule()).remedy(remedy).into()
}

fn missing_cell(cell: &Absent, reason: &str, place: &str) -> Error {
    input("missing score")
        .at(place)
        .got(&cell.reason)
        .allowed(format!("a score in every cell that the rule needs ({reason})"))
        .remedy(
            "Fill the cell; or state a rule with scale.replace(missing=...); or keep the site without a total and with bounds: Study(..., missing=\"bounds\").",
        )
        .into()
}

fn nameless(row: usize) -> Error {
    input("site without a name").at(format!("row {}", row + 1)).remedy("Fill the site column.").into()
}

fn check_sites(sites: &[String]) -> Result<()> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, site) in sites.iter().enumerate() {
        if site.trim().is_empty() {
            return Err(nameless(i));
        }
        if let Some(first) = seen.insert(site, i) {
            return Err(input("repeated site")
                .at(format!("rows {} and {}", first + 1, i + 1))
                .got(format!("\"{site}\" twice"))
                .allowed("one row per site")
                .remedy("If these are two reviews of one site, name their dates with review_date=; if not, rename one.")
                .into());
        }
    }
    if sites.len() < 2 {
        return Err(input("too few sites")
            .got(sites.len())
            .allowed("at least 2")
            .remedy("Nothing varies between sites when there is one; for a single total use scale.total(scores).")
            .into());
    }
    Ok(())
}

fn constant_items(values: &[f64], p: usize) -> Vec<usize> {
    (0..p)
        .filter(|&j| {
            let mut column = values.iter().skip(j).step_by(p).filter(|x| !x.is_nan());
            column.next().is_none_or(|first| column.all(|x| x == first))
        })
        .collect()
}
