//! The shape of the rule files: what a person writes in `rules/*.toml`. Parsing and checking of single files
//! only; [`super::book`] joins them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::weights::Row;
use super::words::Stand;
use crate::effect::Effect;
use crate::label::Category;

/// One rule file. A file may hold any of the kinds; the embedded ones hold one each.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The version of this format: 1.
    pub schema: u32,
    /// Groups of verbs.
    #[serde(default)]
    pub verb: Vec<Verbs>,
    /// Classes of nouns.
    #[serde(default)]
    pub noun: Vec<Nouns>,
    /// Verb and object pairs.
    #[serde(default)]
    pub pair: Vec<Pair>,
    /// Phrases.
    #[serde(default)]
    pub phrase: Vec<Phrase>,
    /// Parameters.
    #[serde(default)]
    pub param: Vec<Param>,
    /// Signals.
    #[serde(default)]
    pub signal: Vec<SignalRule>,
    /// What raises signals.
    #[serde(default)]
    pub ground: Vec<Ground>,
    /// Words by their places.
    #[serde(default)]
    pub word: Vec<Word>,
    /// Verbs of other languages.
    #[serde(default)]
    pub foreign: Vec<Foreign>,
    /// Function words.
    #[serde(default)]
    pub roles: Option<Roles>,
    /// The fitted table.
    #[serde(default)]
    pub weights: Option<BTreeMap<String, Row>>,
    /// How scores become probabilities.
    #[serde(default)]
    pub calibration: Option<Calibration>,
}

/// Verbs with one effect.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verbs {
    /// Rule id.
    pub id: String,
    /// What they do.
    pub effect: Effect,
    /// Base forms, separated by white space.
    pub words: String,
    /// Prefixes that make further verbs with the same effect (`un`: unresolve), where the word is not known already.
    #[serde(default)]
    pub prefixes: String,
    /// As often nouns as verbs.
    #[serde(default)]
    pub weak: bool,
    /// Why they have this effect.
    pub why: String,
    /// Tools on which the rule must fire: `name` or `name: description`.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub miss: Vec<String>,
}

/// A class of nouns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nouns {
    /// The name by which pairs refer to it.
    pub class: String,
    /// Words and phrases, separated by commas.
    pub words: String,
}

/// A verb and object pair.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Rule id.
    pub id: String,
    /// Base forms, or `@effect`.
    pub verbs: Vec<String>,
    /// Words, phrases, `#class`, or `*`.
    pub objects: Vec<String>,
    /// Objects whose presence keeps it from applying.
    #[serde(default)]
    pub unless: Vec<String>,
    /// What the pair does.
    pub effect: Effect,
    /// Holds for names alone: in prose the words mean something else.
    #[serde(default)]
    pub name_only: bool,
    /// Where it is what the description does first, it takes back a harsher verb of the name: one that ends things
    /// (`delete_note`) or sets something going, and where it reads, one that runs a statement; unless anything else in
    /// the definition offers more.
    #[serde(default)]
    pub takes_back: bool,
    /// Why.
    pub why: String,
    /// Tools on which the rule must fire.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub miss: Vec<String>,
}

/// Phrases with one meaning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// Rule id.
    pub id: String,
    /// What it tells the scorecard.
    #[serde(default)]
    pub cue: Option<String>,
    /// The phrases.
    pub texts: Vec<String>,
    /// Why.
    pub why: String,
    /// Tools on which the rule must fire.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub miss: Vec<String>,
}

/// Parameters with one meaning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Rule id.
    pub id: String,
    /// What it tells the scorecard.
    pub kind: String,
    /// Parameter names, lower case, words joined with `_`.
    pub names: Vec<String>,
    /// Words in the parameter's own description by which what it carries is run, whatever the tool's verbs say.
    #[serde(default)]
    pub runs: Vec<String>,
    /// Why.
    pub why: String,
    /// Tools on which the rule must fire: `name: {parameter}`.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub miss: Vec<String>,
}

/// The words of one place, whose weights stand in a table of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Rule id.
    pub id: String,
    /// Where the words stand.
    pub stand: Stand,
    /// Why.
    pub why: String,
    /// Tools on which the rule must fire.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub miss: Vec<String>,
}

/// A signal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalRule {
    /// Stable id.
    pub id: String,
    /// One line for people.
    pub title: String,
}

/// What raises a signal: any of the places named here, on a tool of the named categories.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Rule id.
    pub id: String,
    /// The signal it raises.
    pub signal: String,
    /// Only on tools of these categories; all where it is empty.
    #[serde(default)]
    pub on: Vec<Category>,
    /// Operations of these effects, where the definition offers them.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Operations with these verbs (base forms; `*`: any that does more than read).
    #[serde(default)]
    pub verbs: Vec<String>,
    /// Operations that these verb groups and pairs read.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How many words behind the verb the objects are looked for; 8 where it is not said.
    #[serde(default)]
    pub within: Option<usize>,
    /// Words, phrases or `#class` that the verbs must act on; without verbs, effects and rules: that the name, the
    /// title or the first sentence speaks of.
    #[serde(default)]
    pub objects: Vec<String>,
    /// Words whose presence beside the verb or object keeps it from applying.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Words that stand side by side in the description, unless they are negated.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Lower-case text in any string of the definition, whatever its white space, letter case and hidden characters.
    #[serde(default)]
    pub texts: Vec<String>,
    /// Parameters that take text, lower case, words joined with `_`.
    #[serde(default)]
    pub params: Vec<String>,
    /// Switches: parameters that are true or false.
    #[serde(default)]
    pub switches: Vec<String>,
    /// Parameters that take a list.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Parameters count only where none beside them names a thing, as an id does.
    #[serde(default)]
    pub alone: bool,
    /// Kinds of open argument.
    #[serde(default)]
    pub open: Vec<String>,
    /// What the program itself finds.
    #[serde(default)]
    pub found: Option<Finding>,
    /// Why.
    pub why: String,
    /// Tools on which the rule must fire.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub miss: Vec<String>,
}

/// What is no matter of words: the program finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Operations to choose among, of different labels.
    Operations,
    /// An annotation that declares less than the definition says.
    Conflict,
    /// Characters that nobody sees, or that reorder what is seen.
    Invisible,
    /// A word with letters of two scripts that look alike.
    LookAlike,
    /// A long run of encoded text.
    Encoded,
    /// So much empty space that what follows is out of sight.
    Padding,
}

/// Verbs of another language by effect, separated by white space.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreign {
    /// ISO 639-1.
    pub language: String,
    /// How the verbs are found in a text.
    #[serde(default)]
    pub match_on: MatchOn,
    /// Sentences end with their verbs.
    #[serde(default)]
    pub verb_last: bool,
    /// Words that hold a verb and are none; found before the verbs in them.
    #[serde(default)]
    pub plain: String,
    /// [`Effect::Look`].
    #[serde(default)]
    pub look: String,
    /// [`Effect::Change`].
    #[serde(default)]
    pub change: String,
    /// [`Effect::End`].
    #[serde(default)]
    pub end: String,
    /// [`Effect::Act`].
    #[serde(default)]
    pub act: String,
    /// [`Effect::Operate`].
    #[serde(default)]
    pub operate: String,
    /// [`Effect::Money`].
    #[serde(default)]
    pub money: String,
    /// [`Effect::Access`].
    #[serde(default)]
    pub access: String,
}

/// How verbs of another language are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchOn {
    /// Anywhere: languages without spaces.
    #[default]
    Anywhere,
    /// At the start of a word.
    Stems,
    /// As whole words, and only in text that is not English.
    Words,
}

/// Function words by role, separated by white space.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the grammar file says what each role is")]
pub struct Roles {
    pub determiner: String,
    pub preposition: String,
    pub conjunction: String,
    pub negation: String,
    pub modal: String,
    pub condition: String,
    pub relative: String,
    pub pronoun: String,
    pub be: String,
    pub adverb: String,
    pub modifier: String,
    pub subject: String,
    pub frame: String,
    pub aside: String,
    pub plain: String,
    pub rehearsal: String,
    /// Verbs that are the head of a name which ends in them: `snapshot_get`.
    #[serde(default)]
    pub last: String,
    pub splits: String,
}

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The scores are divided by this many hundredths before the softmax.
    pub temperature: i32,
    /// How often the hard constraints are right where they overrule the sum, in thousandths.
    pub forced: u16,
}
