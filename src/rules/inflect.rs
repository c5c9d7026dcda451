//! Inflected forms of English verbs, made when the rule book is put together. Forms that English does not have do no
//! harm: nobody writes them.

use super::lexicon::form;

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

/// Gives each form of a verb but its base, with its [`form`] bit: the third person first, gerunds, then past forms.
pub(super) fn verb(base: &str, mut take: impl FnMut(&str, u8)) {
    // Thousands are made at every start, all in one text.
    let mut text = String::with_capacity(base.len() + 4);
    let mut made = |stem: &str, ending: [&str; 2], form| {
        text.clear();
        for part in [stem, ending[0], ending[1]] {
            text.push_str(part);
        }
        take(&text, form);
    };
    let (stem, ending) = third_person(base);
    made(stem, ["", ending], form::THIRD);
    let doubled = if doubles(base) {
        Some(&base[base.len() - 1..])
    } else {
        None
    };
    let mute = base
        .strip_suffix('e')
        .filter(|s| !s.ends_with(['e', 'o', 'y']) && base.len() > 2);
    made(mute.unwrap_or(base), ["", "ing"], form::GERUND);
    if let Some(last) = doubled {
        made(base, [last, "ing"], form::GERUND);
    }
    made(base, ["", if base.ends_with('e') { "d" } else { "ed" }], form::PAST);
    if let Some(start) = before_y(base) {
        made(start, ["", "ied"], form::PAST);
    }
    if let Some(last) = doubled {
        made(base, [last, "ed"], form::PAST);
    }
    for (_, past) in IRREGULAR.iter().filter(|(irregular, _)| *irregular == base) {
        made(past, ["", ""], form::PAST);
    }
}

/// The third person, as what stays and what comes behind it.
fn third_person(base: &str) -> (&str, &str) {
    if base.ends_with(['s', 'x', 'z']) || base.ends_with("ch") || base.ends_with("sh") || base == "go" || base == "do" {
        return (base, "es");
    }
    before_y(base).map_or((base, "s"), |start| (start, "ies"))
}

/// What stands before a final "y" that becomes "ie".
fn before_y(base: &str) -> Option<&str> {
    base.strip_suffix('y').filter(|s| !s.ends_with(['a', 'e', 'o', 'u']))
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

    fn forms(base: &str, wanted: u8) -> Vec<String> {
        let mut forms = Vec::new();
        verb(base, |text, form| {
            if form == wanted {
                forms.push(text.to_owned());
            }
        });
        forms
    }

    #[test]
    fn forms_are_those_that_people_write() {
        for (base, third, gerund, past) in [
            ("delete", "deletes", "deleting", "deleted"),
            ("stop", "stops", "stopping", "stopped"),
            ("modify", "modifies", "modifying", "modified"),
            ("destroy", "destroys", "destroying", "destroyed"),
            ("push", "pushes", "pushing", "pushed"),
            ("see", "sees", "seeing", "seed"),
            ("send", "sends", "sending", "sent"),
        ] {
            assert_eq!(forms(base, form::THIRD), [third]);
            assert!(forms(base, form::GERUND).contains(&gerund.to_owned()), "{gerund}");
            assert!(forms(base, form::PAST).contains(&past.to_owned()), "{past}");
        }
    }
}
