//! Identifiers of REFI-QDA: 8-4-4-4-12 hex digits, upper or lower case, with or without braces.

/// Lower case without braces; `None` where it is no GUID.
pub fn normalised(text: &str) -> Option<String> {
    let inner = text.trim();
    let inner = inner.strip_prefix('{').and_then(|x| x.strip_suffix('}')).unwrap_or(inner);
    let groups: Vec<&str> = inner.split('-').collect();
    let lengths = groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12]);
    let hex = groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()));
    (lengths && hex).then(|| inner.to_ascii_lowercase())
}

/// The GUID of an id: itself where it is one, else derived from it, the same on every machine (version 8, RFC 9562).
pub fn of(kind: &str, id: &str) -> String {
    normalised(id).unwrap_or_else(|| derived(&[kind, id]))
}

/// A GUID from parts.
pub fn derived(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"steelyard guid");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let hex: Vec<char> = hasher.finalize().to_hex().chars().take(32).collect();
    let part = |a: usize, b: usize| hex[a..b].iter().collect::<String>();
    format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_and_braces_are_one() {
        let plain = "088b08ac-d5cd-4adb-8b71-b4f3459c177f";
        assert_eq!(normalised("{088B08AC-D5CD-4ADB-8B71-B4F3459C177F}").as_deref(), Some(plain));
        assert_eq!(of("code", plain), plain);
        for wrong in ["", "088b08ac", "088b08ac-d5cd-4adb-8b71-b4f3459c177g", "088b08acd5cd4adb8b71b4f3459c177f----"] {
            assert_eq!(normalised(wrong), None);
        }
    }

    #[test]
    fn derived_ones_are_valid_and_differ() {
        let made = of("code", "c1");
        assert_eq!(normalised(&made).as_deref(), Some(made.as_str()));
        assert_ne!(made, of("theme", "c1"));
        assert_ne!(derived(&["a", "bc"]), derived(&["ab", "c"]));
    }
}
