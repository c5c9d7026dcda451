//! Maps of patterns of which the last that matches decides, as opencode's permissions are. A name may come out
//! stricter than a person wrote, never looser, whatever stands before or after it.

use serde_json::{Map, Value, json};

use super::{Change, Path, Work};

/// Brings every entry to its value or to the stricter one that a person wrote.
pub(super) fn last_wins(
    work: &mut Work,
    path: &Path,
    entries: &[(String, String)],
    loosest_first: &[&str],
) -> Result<(), String> {
    // One word for everything is short for a map with one pattern.
    if let Some(word) = work.get(path).and_then(Value::as_str).map(str::to_owned) {
        work.change(Change::Set(path.clone(), json!({"*": word})))?;
    }
    let rank = |word: &str| loosest_first.iter().position(|known| *known == word);
    let mut wanted = Vec::new();
    let before = rules(work, path);
    for (name, ours) in entries {
        match last(&before, name) {
            None => wanted.push((name, ours.clone())),
            Some(Value::String(theirs)) if rank(theirs).is_some() => {
                if rank(theirs) > rank(ours) {
                    work.keep(name, theirs);
                    wanted.push((name, theirs.clone()));
                } else {
                    wanted.push((name, ours.clone()));
                }
            }
            Some(theirs) => work.keep(name, &theirs.to_string()),
        }
    }
    for (name, word) in wanted {
        let now = rules(work, path);
        if now.contains_key(name) && last(&now, name).and_then(Value::as_str) == Some(&word) {
            continue;
        }
        let at = || path.iter().cloned().chain([name.clone()]).collect::<Path>();
        if now.contains_key(name) {
            work.change(Change::Remove(at()))?;
        }
        let rest = rules(work, path);
        // A pattern goes before what a person said about single names, if it still decides there.
        let place = name
            .strip_suffix('*')
            .and_then(|start| rest.keys().position(|key| key.starts_with(start)))
            .filter(|&place| rest.iter().skip(place).all(|(rule, _)| !matches(rule, &probe(name))));
        match place {
            Some(place) => work.change(Change::Insert(path.clone(), place, name.clone(), json!(word)))?,
            None => work.change(Change::Set(at(), json!(word)))?,
        }
    }
    Ok(())
}

fn rules(work: &Work, path: &Path) -> Map<String, Value> {
    work.get(path).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// What a name comes to; for a pattern, a name that nobody wrote and that it matches.
fn last<'a>(rules: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let name = probe(name);
    rules
        .iter()
        .filter(|(rule, _)| matches(rule, &name))
        .map(|(_, value)| value)
        .next_back()
}

fn probe(name: &str) -> String {
    name.replace('*', "\u{1}")
}

/// `*` stands for any characters and `?` for one.
fn matches(rule: &str, name: &str) -> bool {
    let pattern: String = rule
        .chars()
        .map(|c| match c {
            '*' => "[\\s\\S]*".to_owned(),
            '?' => "[\\s\\S]".to_owned(),
            c => regex::escape(c.encode_utf8(&mut [0; 4])),
        })
        .collect();
    regex::Regex::new(&format!("^{pattern}$")).is_ok_and(|r| r.is_match(name))
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, path, plan};
    use super::*;

    fn after(there: &Value) -> Value {
        let entry = |name: &str, word: &str| (name.to_owned(), word.to_owned());
        let edit = Edit::LastWins {
            path: path(&["permission"]),
            entries: vec![
                entry("s_*", "deny"),
                entry("s_read", "allow"),
                entry("s_run", "ask"),
                entry("s_wipe", "deny"),
            ],
            loosest_first: &["allow", "ask", "deny"],
        };
        let (_, once, _) = plan(there, std::slice::from_ref(&edit)).expect("it fits");
        let (changes, twice, _) = plan(&once, &[edit]).expect("it fits");
        assert_eq!(once, twice);
        assert!(changes.is_empty(), "a second merge changes nothing: {changes:?}");
        once
    }

    fn decide(config: &Value, name: &str) -> String {
        let rules = config["permission"].as_object().expect("a map");
        last(rules, name).and_then(Value::as_str).unwrap_or("allow").to_owned()
    }

    #[test]
    fn an_empty_file_gets_the_rules_in_order() {
        let config = after(&json!({}));
        let keys: Vec<_> = config["permission"]
            .as_object()
            .expect("a map")
            .keys()
            .cloned()
            .collect();
        assert_eq!(keys, ["s_*", "s_read", "s_run", "s_wipe"]);
    }

    #[test]
    fn nothing_gets_looser_and_what_we_refuse_is_refused() {
        for there in [
            json!({"permission": "ask"}),
            json!({"permission": {"*": "ask", "bash": "deny"}}),
            json!({"permission": {"s_read": "ask", "s_wipe": "allow"}}),
            json!({"permission": {"s_run": "deny", "*": "ask"}}),
            json!({"permission": {"s_*": "allow", "s_other": "ask"}}),
        ] {
            let config = after(&there);
            let words = ["allow", "ask", "deny"];
            let rank = |word: &str| words.iter().position(|w| *w == word);
            for (name, ours) in [
                ("s_read", "allow"),
                ("s_run", "ask"),
                ("s_wipe", "deny"),
                ("s_new", "deny"),
            ] {
                let now = decide(&config, name);
                assert!(rank(&now) >= rank(ours), "{there}: {name} is {now}");
                let mut wrapped = there.clone();
                if let Some(word) = there["permission"].as_str() {
                    wrapped = json!({"permission": {"*": word}});
                }
                assert!(
                    rank(&now) >= rank(&decide(&wrapped, name)),
                    "{there}: {name} got looser"
                );
            }
            if there["permission"]["bash"] == "deny" {
                assert_eq!(decide(&config, "bash"), "deny");
            }
        }
    }

    #[test]
    fn a_pattern_goes_before_what_a_person_said_of_single_names() {
        let config = after(&json!({"permission": {"s_other": "ask"}}));
        assert_eq!(decide(&config, "s_other"), "ask");
        assert_eq!(decide(&config, "s_new"), "deny");
    }
}
