//! Inflected forms of English verbs and nouns, made when the rule book is put together. Forms that English does not
//! have do no harm: nobody writes them.

/// `-s`, `-ing` and `-ed` forms of a base form.
pub(super) struct Forms {
    pub(super) third: String,
    pub(super) gerunds: Vec<String>,
    pub(super) past: Vec<String>,
}

const IRREGULAR: [(&str, &str); 34] = [
    ("send", "sent"),
    ("build", "built"),
    ("make", "made"),
    ("write", "written"),
    ("get", "got"),
    ("find", "found"),
    ("buy", "bought"),
    ("sell", "sold"),
    ("pay", "paid"),
    ("rebuild", "rebuilt"),
    ("overwrite", "overwritten"),
    ("tell", "told"),
    ("give", "given"),
    ("think", "thought"),
    ("take", "taken"),
    ("undo", "undone"),
    ("redo", "redone"),
    ("forget", "forgotten"),
    ("withdraw", "withdrawn"),
    ("draw", "drawn"),
    ("drive", "driven"),
    ("do", "done"),
    ("hide", "hidden"),
    ("show", "shown"),
    ("begin", "begun"),
    ("hold", "held"),
    ("bind", "bound"),
    ("spin", "spun"),
    ("kick", "kicked"),
    ("rewrite", "rewritten"),
    ("ring", "rung"),
    ("wake", "woken"),
    ("fly", "flown"),
    ("sign", "signed"),
];

/// The forms of a verb.
pub(super) fn verb(base: &str) -> Forms {
    let stem = base
        .strip_suffix('e')
        .filter(|s| !s.ends_with(['e', 'o', 'y']) && base.len() > 2);
    // Thousands are made at every start, so nothing is formatted.
    let mut gerunds = vec![[stem.unwrap_or(base), "ing"].concat()];
    let mut past = vec![[base, if base.ends_with('e') { "d" } else { "ed" }].concat()];
    if let Some(start) = base.strip_suffix('y').filter(|s| !s.ends_with(['a', 'e', 'o', 'u'])) {
        past.push([start, "ied"].concat());
    }
    if doubles(base) {
        let last = &base[base.len() - 1..];
        gerunds.push([base, last, "ing"].concat());
        past.push([base, last, "ed"].concat());
    }
    past.extend(
        IRREGULAR
            .iter()
            .filter(|(b, _)| *b == base)
            .map(|(_, p)| (*p).to_owned()),
    );
    Forms {
        third: plural(base),
        gerunds,
        past,
    }
}

/// The plural of a noun, which is also the third person of a verb.
pub(super) fn plural(base: &str) -> String {
    if base.ends_with(['s', 'x', 'z']) || base.ends_with("ch") || base.ends_with("sh") || base == "go" || base == "do" {
        return [base, "es"].concat();
    }
    match base.strip_suffix('y').filter(|s| !s.ends_with(['a', 'e', 'o', 'u'])) {
        Some(start) => [start, "ies"].concat(),
        None => [base, "s"].concat(),
    }
}

/// Consonant, vowel, consonant at the end: stop → stopping, submit → submitting.
fn doubles(base: &str) -> bool {
    let mut last = base.bytes().rev();
    let (Some(end), Some(middle), Some(before)) = (last.next(), last.next(), last.next()) else {
        return false;
    };
    let vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u');
    base.is_ascii() && !vowel(end) && !matches!(end, b'w' | b'x' | b'y') && vowel(middle) && !vowel(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_that_people_write() {
        let delete = verb("delete");
        assert_eq!(
            (
                delete.third.as_str(),
                delete.gerunds[0].as_str(),
                delete.past[0].as_str()
            ),
            ("deletes", "deleting", "deleted")
        );
        assert!(verb("stop").gerunds.contains(&"stopping".to_owned()));
        assert!(verb("modify").past.contains(&"modified".to_owned()));
        assert_eq!(verb("push").third, "pushes");
        assert_eq!(verb("see").gerunds[0], "seeing");
        assert_eq!(plural("policy"), "policies");
        assert_eq!(plural("key"), "keys");
    }
}
