//! What a scale must satisfy before any score is read with it.

use super::{Bands, Item, MissingRule, Scale};
use crate::error::{Result, input};
use std::collections::BTreeSet;

const MOST_ITEMS: usize = 1000;

/// Checks a scale as a whole; the first fault is returned.
pub(super) fn check(scale: &Scale) -> Result<()> {
    if scale.id.trim().is_empty() || scale.title.trim().is_empty() {
        return Err(input("scale without a name").allowed("an id and a title that are not blank").into());
    }
    if scale.items.is_empty() || scale.items.len() > MOST_ITEMS {
        return Err(input("number of items not allowed")
            .at(format!("scale \"{}\"", scale.id))
            .got(scale.items.len())
            .allowed(format!("1 to {MOST_ITEMS}"))
            .into());
    }
    let mut ids = BTreeSet::new();
    for item in &scale.items {
        check_item(item)?;
        if !ids.insert(item.id.as_str()) {
            return Err(input("repeated item id")
                .at(format!("scale \"{}\"", scale.id))
                .got(format!("\"{}\"", item.id))
                .allowed("each id once")
                .into());
        }
    }
    check_subscales(scale)?;
    if let Some(bands) = &scale.bands {
        check_bands(bands, scale)?;
    }
    check_missing(scale)
}

fn check_item(item: &Item) -> Result<()> {
    let place = format!("item \"{}\"", item.id);
    if item.id.trim() != item.id || item.id.is_empty() || item.title.trim().is_empty() {
        return Err(input("item without a name")
            .at(place)
            .allowed("an id without surrounding blanks and a title that is not blank")
            .into());
    }
    let finite = [item.minimum, item.maximum, item.step].iter().all(|x| x.is_finite() && x.abs() <= 1e9);
    if !finite || item.minimum >= item.maximum || item.step <= 0.0 {
        return Err(input("item range not allowed")
            .at(place)
            .got(format!("minimum {}, maximum {}, step {}", item.minimum, item.maximum, item.step))
            .allowed("finite numbers, minimum below maximum, step above 0")
            .into());
    }
    if !item.admits(item.maximum) {
        return Err(input("item range is no whole number of steps")
            .at(place)
            .got(item.rule())
            .allowed("maximum - minimum a multiple of step")
            .into());
    }
    for code in item.missing_codes.iter().chain(&item.not_applicable_codes) {
        if !code.is_finite() || item.admits(*code) {
            return Err(input("code could be mistaken for a score")
                .at(place)
                .got(code)
                .allowed(format!("finite numbers that are no score ({})", item.rule()))
                .into());
        }
    }
    if let Some(both) = item.missing_codes.iter().find(|code| item.not_applicable_codes.contains(code)) {
        return Err(input("code stands both for missing and for not applicable").at(place).got(both).into());
    }
    Ok(())
}

fn check_subscales(scale: &Scale) -> Result<()> {
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for subscale in &scale.subscales {
        let place = format!("subscale \"{}\"", subscale.id);
        if subscale.id.trim().is_empty() || !ids.insert(subscale.id.as_str()) || subscale.items.is_empty() {
            return Err(input("subscale not allowed").at(place).allowed("a unique id and at least one item").into());
        }
        for id in &subscale.items {
            if scale.position(id).is_none() {
                return Err(input("unknown item")
                    .at(place)
                    .got(format!("\"{id}\""))
                    .allowed("the ids under items")
                    .into());
            }
            if !taken.insert(id.as_str()) {
                return Err(input("item in two subscales, or twice in one").at(place).got(format!("\"{id}\"")).into());
            }
        }
    }
    Ok(())
}

fn check_bands(bands: &Bands, scale: &Scale) -> Result<()> {
    let (low, high) = match bands.by {
        super::BandBy::Total => scale.range(),
        super::BandBy::Mean => {
            let (low, high) = scale.range();
            (low / scale.items.len() as f64, high / scale.items.len() as f64)
        }
    };
    let mut labels = BTreeSet::from([bands.lowest.as_str()]);
    let mut previous = low;
    for cut in &bands.cuts {
        if !cut.from.is_finite() || cut.from <= previous || cut.from > high {
            return Err(input("cut-point not allowed")
                .at(format!("band \"{}\"", cut.label))
                .got(cut.from)
                .allowed(format!("ascending, above {low} and at most {high}"))
                .into());
        }
        if cut.label.trim().is_empty() || !labels.insert(cut.label.as_str()) {
            return Err(input("band name blank or repeated").got(format!("\"{}\"", cut.label)).into());
        }
        previous = cut.from;
    }
    if bands.lowest.trim().is_empty() {
        return Err(input("the lowest band has no name").remedy("Give bands.lowest.").into());
    }
    Ok(())
}

fn check_missing(scale: &Scale) -> Result<()> {
    let fault = |got: usize, most: usize| {
        Err(input("minimum_items not allowed")
            .at("the rule for missing items")
            .got(got)
            .allowed(format!("1 to {most}"))
            .into())
    };
    match scale.missing {
        MissingRule::Complete => Ok(()),
        MissingRule::Prorate { minimum_items: n } => {
            if n == 0 || n > scale.items.len() {
                return fault(n, scale.items.len());
            }
            Ok(())
        }
        MissingRule::SubscaleMean { minimum_items: n } => {
            let inside: usize = scale.subscales.iter().map(|s| s.items.len()).sum();
            if inside != scale.items.len() {
                return Err(input("items outside every subscale")
                    .at("the rule for missing items")
                    .got(scale.items.len() - inside)
                    .remedy("Use rule = \"prorate\", or put every item in a subscale.")
                    .into());
            }
            let smallest = scale.subscales.iter().map(|s| s.items.len()).min().unwrap_or(0);
            if n == 0 || n > smallest {
                return fault(n, smallest);
            }
            Ok(())
        }
    }
}
