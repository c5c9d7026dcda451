//! File names for strangers' names: lower-case ASCII, short, unique on file systems that ignore case, the same in
//! every run. A name that is already such a file name keeps it; any other is made readable and told apart by a digest,
//! so that no name can be chosen to take another's place.

use std::collections::BTreeSet;

use crate::digest;

/// Bytes of the readable part.
const LONGEST: usize = 60;
/// Hexadecimal digits of the digest.
const DIGITS: usize = 12;

/// Names that mean something to a site or to Windows.
const RESERVED: [&str; 8] = ["index", "con", "prn", "aux", "nul", "clock", "policy", "assets"];

/// Gives names away, each once.
#[derive(Debug, Default)]
pub struct Slugs {
    taken: BTreeSet<String>,
}

impl Slugs {
    /// The file name, without extension, of the next thing of this name.
    pub fn take(&mut self, name: &str) -> String {
        let base = slug(name);
        let mut slug = base.clone();
        let mut number = 2;
        // No slug holds a dot, so that a numbered one cannot be anybody's own.
        while !self.taken.insert(slug.clone()) {
            slug = format!("{base}.{number}");
            number += 1;
        }
        slug
    }
}

/// The file name of a name that stands alone.
pub fn slug(name: &str) -> String {
    if is_plain(name) {
        return name.to_owned();
    }
    let mut readable = String::new();
    for c in name.chars() {
        if readable.len() >= LONGEST {
            break;
        }
        match c {
            'a'..='z' | '0'..='9' | '_' => readable.push(c),
            'A'..='Z' => readable.push(c.to_ascii_lowercase()),
            _ if readable.ends_with('-') || readable.is_empty() => {}
            _ => readable.push('-'),
        }
    }
    let digest = digest::of_bytes([name.as_bytes()]);
    let digest = &digest["sha256:".len()..][..DIGITS];
    match readable.trim_matches('-') {
        "" => format!("x-{digest}"),
        readable => format!("{readable}-{digest}"),
    }
}

/// Whether a name is a safe file name of its own that cannot be taken for one with a digest.
fn is_plain(name: &str) -> bool {
    let simple = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
    let device = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let ends_like_digest = name.rsplit_once('-').is_some_and(|(_, end)| {
        end.len() == DIGITS && end.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    !name.is_empty()
        && name.len() <= LONGEST
        && name.chars().all(simple)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !RESERVED.contains(&name)
        && !device("com")
        && !device("lpt")
        && !ends_like_digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gets_a_safe_name_of_its_own() {
        let long = "a".repeat(500);
        let longer = "a".repeat(501);
        let names = [
            "",
            "..",
            ".",
            "/",
            "a/b",
            "a-b",
            "A-B",
            "a_b",
            "index",
            "CON",
            "con",
            "lpt1",
            "🦀",
            "名前",
            "\u{202e}gpj",
            "a\u{0}b",
            "delete note",
            "Delete Note",
            &long,
            &longer,
            "-x",
            "x-0123456789ab",
            "policy",
            " ",
        ];
        let mut slugs = Slugs::default();
        let given: BTreeSet<String> = names.iter().map(|name| slugs.take(name)).collect();
        assert_eq!(given.len(), names.len(), "{given:?}");
        for name in &given {
            assert!(
                !name.is_empty() && name.len() < 80 && !name.starts_with(['.', '-']),
                "{name}"
            );
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b)),
                "{name}"
            );
            assert!(!RESERVED.contains(&name.as_str()), "{name}");
        }
        assert_eq!(slug("delete_note"), "delete_note");
        assert!(slug("deleteNote").starts_with("deletenote-"));
    }

    #[test]
    fn the_same_name_again_is_numbered() {
        let mut slugs = Slugs::default();
        assert_eq!(slugs.take("a"), "a");
        assert_eq!(slugs.take("a"), "a.2");
        assert_eq!(slugs.take("a"), "a.3");
    }
}
