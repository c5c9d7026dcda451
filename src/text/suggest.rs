//! "Did you mean": the known word nearest to a mistyped one.

/// The candidate most like `word`, where one is like enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (two, _)| one.total_cmp(two))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let tools = ["delete_note", "list_notes", "run_script"];
        assert_eq!(nearest("delete_noet", tools), Some("delete_note"));
        assert_eq!(nearest("Run-Script", tools), Some("run_script"));
        assert_eq!(nearest("weather", tools), None);
    }
}
