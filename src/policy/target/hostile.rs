//! Names that are out to break a file, through every target: what comes out is a file that its format reads and that
//! grants nothing to a name that was not assessed, or an error that names the tool or the server.

use proptest::prelude::*;
use serde_json::Value;

use super::{ALL, Options, sample};
use crate::policy::plan::join;
use crate::policy::write;

/// Names of all kinds: anything at all, what formats give a meaning to, and what is very long.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z_.:*?(){}<>\\[\\]$'\"`#,/\\\\ \n\r\t\u{0}\u{2028}\u{202e}-]{0,12}",
        "[a-zé名🦀]{490,500}",
        prop::sample::select(sample::NASTY).prop_map(str::to_owned),
        Just("*".to_owned()),
        Just("a::b".to_owned()),
    ]
}

/// Whether the format that the file's name tells reads it.
fn reads(path: &str, text: &str) -> bool {
    match path.rsplit('.').next() {
        Some("json") => {
            jsonc_parser::parse_to_serde_value::<Value>(text, &jsonc_parser::ParseOptions::default()).is_ok()
        }
        Some("yaml") => serde_saphyr::from_str::<Value>(text).is_ok(),
        Some("toml") => text.parse::<toml::Table>().is_ok(),
        Some("cedar") => text.parse::<cedar_policy::PolicySet>().is_ok(),
        Some("rego") => {
            let mut engine = regorus::Engine::new();
            // This engine reads no line of more than 1024 bytes; OPA itself does.
            text.lines().any(|line| line.len() > 1000) || engine.add_policy(path.to_owned(), text.to_owned()).is_ok()
        }
        Some("md") => {
            let front = text.split("---\n").nth(1).unwrap_or_default();
            serde_saphyr::from_str::<Value>(front).is_ok()
        }
        Some("txt") => shlex::split(text).is_some(),
        other => panic!("{other:?} has no reader here"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_file_is_whole_or_the_error_says_who(
        server in name(),
        names in prop::collection::vec(name(), 1..5),
    ) {
        let labels = [sample::READ, sample::WRITE, sample::DESTRUCTIVE, sample::EXECUTE];
        let tools: Vec<_> = names.iter().map(String::as_str).zip(labels).collect();
        for target in ALL {
            let plans = join(vec![sample::plan_of(&server, &tools), sample::plan_of(&server, &tools)]);
            prop_assert_eq!(plans.len(), 1);
            match write::all(target, &plans, &Options::default()) {
                Ok(written) => for file in written.files {
                    prop_assert!(reads(&file.path, &file.text), "{} {}:\n{}", target.id, file.path, file.text);
                },
                Err(error) => prop_assert!(
                    error.contains("tool name `") || error.contains("server name `"),
                    "{}: {error}", target.id
                ),
            }
        }
    }

    /// A tool that is hidden stays shut under whatever name, beside a free one of whatever name.
    #[test]
    fn no_other_name_opens_what_is_shut(free in name(), shut in name()) {
        prop_assume!(free != shut);
        let plan = sample::plan_of("s", &[(&free, sample::READ), (&shut, sample::DESTRUCTIVE)]);
        let options = Options { every_form: true, ..Options::default() };
        for target in ALL {
            for form in target.forms {
                let Ok(draft) = super::draft(target, form, &[&plan], &options) else { continue };
                let [free, shut] = draft.servers[0].rulings.as_slice() else { continue };
                prop_assert!(!shut.callable(), "{}", target.id);
                prop_assert!(free.key != shut.key || !free.callable(), "{}: {:?}", target.id, free.key);
            }
        }
    }
}
