//! What would have made a tool's label milder: the classifier is asked again about the same definition with one thing
//! changed, and what it then says is told. Nothing is guessed; a change that does not help is not shown.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::assessment::Assessment;
use crate::classify::Classifier;
use crate::label::{Category, Label};
use crate::manifest::Tool;
use crate::output::marks;
use crate::text::{cells, escape};

/// A change, and the label after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Milder {
    /// `without the parameter`, `if it offered only`, …: the beginning of the sentence.
    pub change: &'static str,
    /// The words that the change is about, as shown text; empty where the change says it all.
    pub about: String,
    /// The label after it.
    pub label: LabelText,
}

/// A label in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LabelText {
    /// Its category.
    pub category: &'static str,
    /// Its risk.
    pub risk: &'static str,
}

impl From<Label> for LabelText {
    fn from(label: Label) -> Self {
        Self {
            category: label.category.name(),
            risk: label.risk.name(),
        }
    }
}

/// Changes of one kind that are tried at most, so that a page costs little however large its definition.
const MOST: usize = 3;

/// The changes that help, those within the caller's reach first.
pub fn of(classifier: &Classifier, tool: &Tool, assessment: &Assessment) -> Vec<Milder> {
    if assessment.category == Category::Read && assessment.risk == crate::label::Risk::Low {
        return Vec::new();
    }
    let asking = Asking {
        classifier,
        tool,
        assessment,
    };
    let mut found: Vec<Milder> = asking.operations().into_iter().collect();
    found.extend(asking.parameters());
    found.extend(asking.restrictions());
    found.extend(asking.sentences());
    found.dedup_by(|a, b| a.change == b.change && a.about == b.about);
    found
}

struct Asking<'a> {
    classifier: &'a Classifier,
    tool: &'a Tool,
    assessment: &'a Assessment,
}

impl Asking<'_> {
    /// The label of the changed definition, where it is milder.
    fn ask(&self, raw: Map<String, Value>) -> Option<Label> {
        let changed = Tool::from_value(&Value::Object(raw)).ok()?;
        let label = self.classifier.assess(&changed, None).label();
        let now = self.assessment.label();
        let milder = label.risk <= now.risk && label.severity() < now.severity();
        milder.then_some(label)
    }

    /// Without the operations that make it what it is.
    fn operations(&self) -> Option<Milder> {
        let operations = &self.assessment.operations;
        let worst = operations.iter().map(|o| o.label().severity()).max()?;
        let (gone, kept): (Vec<_>, Vec<_>) = operations.iter().partition(|o| o.label().severity() == worst);
        if kept.is_empty() {
            return None;
        }
        let mut raw = self.tool.to_map();
        for operation in &gone {
            if let Some(Value::Array(values)) = self
                .properties(&mut raw)
                .and_then(|properties| properties.get_mut(&operation.parameter)?.get_mut("enum"))
            {
                values.retain(|value| value != operation.value.as_str());
            }
        }
        let label = self.ask(raw)?;
        let names: Vec<String> = gone.iter().map(|o| escape::one_line(&o.value).into_owned()).collect();
        Some(Milder {
            change: if gone.len() == 1 {
                "without the operation"
            } else {
                "without the operations"
            },
            about: names.join(", "),
            label: label.into(),
        })
    }

    /// Without a parameter that something rests on.
    fn parameters(&self) -> Vec<Milder> {
        let mut names: Vec<String> = super::marked::evidence(self.assessment)
            .filter_map(|e| marks::parameter_of(&e.pointer))
            .collect();
        names.sort();
        names.dedup();
        let without = |name: &String| {
            let mut raw = self.tool.to_map();
            self.properties(&mut raw)?.shift_remove(name)?;
            let label = self.ask(raw)?;
            Some(Milder {
                change: "without the parameter",
                about: escape::one_line(name).into_owned(),
                label: label.into(),
            })
        };
        names.iter().filter_map(without).take(MOST).collect()
    }

    /// With a promise that the definition does not make.
    fn restrictions(&self) -> Vec<Milder> {
        let promises: &[(Category, &str, &'static str)] = &[
            (
                Category::Destructive,
                "What it removes can be restored from the trash.",
                "if its description said that what it removes can be restored",
            ),
            (
                Category::Execute,
                "Only SELECT queries are accepted; read-only access.",
                "if its description restricted what is passed to reading",
            ),
        ];
        let applies = promises
            .iter()
            .filter(|(category, ..)| *category == self.assessment.category);
        applies
            .filter_map(|(_, promise, change)| {
                let mut raw = self.tool.to_map();
                let text = format!("{} {promise}", self.tool.description().unwrap_or_default());
                raw.insert("description".to_owned(), Value::String(text));
                let label = self.ask(raw)?;
                Some(Milder {
                    change,
                    about: String::new(),
                    label: label.into(),
                })
            })
            .collect()
    }

    /// Without a sentence that speaks for the label.
    fn sentences(&self) -> Vec<Milder> {
        let Some(description) = self.tool.description() else {
            return Vec::new();
        };
        let sentences = cells::sentences(description);
        if sentences.len() < 2 {
            return Vec::new();
        }
        let speaks = |part: &&std::ops::Range<usize>| {
            super::marked::evidence(self.assessment)
                .any(|e| e.pointer == "/description" && e.start < part.end && e.end > part.start)
        };
        let without = |part: &std::ops::Range<usize>| {
            let mut raw = self.tool.to_map();
            let rest = format!("{}{}", &description[..part.start], &description[part.end..]);
            raw.insert("description".to_owned(), Value::String(rest));
            let label = self.ask(raw)?;
            let sentence = escape::one_line(description[part.clone()].trim()).into_owned();
            Some(Milder {
                change: "without the sentence",
                about: super::model::shorten(&sentence, 140),
                label: label.into(),
            })
        };
        sentences.iter().filter(speaks).take(MOST).filter_map(without).collect()
    }

    fn properties<'m>(&self, raw: &'m mut Map<String, Value>) -> Option<&'m mut Map<String, Value>> {
        let key = self.tool.schema_key()?;
        raw.get_mut(key)?.get_mut("properties")?.as_object_mut()
    }
}
