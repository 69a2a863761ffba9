//! A penalty as JSON: a number, `null` for open, or the text "infinity", which JSON has no number for.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
}

#[allow(clippy::ref_option)] // serde's `with` hands over a reference to the field.
pub(crate) fn serialize<S: Serializer>(penalty: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    penalty.map(|p| if p.is_finite() { Written::Number(p) } else { Written::Text("infinity".into()) }).serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Option::<Written>::deserialize(from)? {
        None => Ok(None),
        Some(Written::Number(p)) => Ok(Some(p)),
        Some(Written::Text(text)) if text == "infinity" => Ok(Some(f64::INFINITY)),
        Some(Written::Text(text)) => Err(D::Error::custom(format!("penalty {text:?}: give a number or \"infinity\""))),
    }
}
