//! Measuring the classifier against labelled tools ([`measure`]), fitting its scorecard ([`fit`]) and its table of
//! words ([`words`]). Pure:
//! labelled tools in, figures or weights out.

pub mod fit;
pub mod measure;
pub mod words;

use serde_json::Value;

use crate::label::{Category, Risk};
use crate::manifest::Tool;

/// A tool with the label that careful people gave it.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// How it is named in lists of errors.
    pub id: String,
    /// Groups of cross-validation.
    pub server: String,
    /// The definition.
    pub tool: Tool,
    /// The label.
    pub category: Category,
    /// The risk, where it was labelled.
    pub risk: Option<Risk>,
    /// Further categories that careful people defend.
    pub also_ok: Vec<Category>,
}

/// Keys that wrap a labelled tool and are no part of its definition.
const WRAPPING: [&str; 8] = [
    "id", "server", "category", "risk", "unclear", "also_ok", "stratum", "signals",
];

impl Labelled {
    /// Reads a labelled tool; the error says what is wrong with it.
    pub fn from_value(mut value: Value) -> Result<Self, String> {
        let mut taken = WRAPPING.map(|key| value.as_object_mut()?.shift_remove(key));
        let tool = Tool::from_value(&value)?;
        let mut text = |index: usize| taken[index].take().and_then(|v| v.as_str().map(str::to_owned));
        let id = text(0).unwrap_or_else(|| tool.name().to_owned());
        let server = taken[1]
            .take()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .unwrap_or_default();
        let mut text = |index: usize| taken[index].take().and_then(|v| v.as_str().map(str::to_owned));
        let category = text(2).ok_or("it has no \"category\"")?.parse()?;
        let risk = text(3).map(|r| r.parse()).transpose()?;
        let also_ok = match taken[5].take() {
            Some(Value::Array(items)) => items
                .iter()
                .map(|i| i.as_str().unwrap_or_default().parse())
                .collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        Ok(Self {
            id,
            server,
            tool,
            category,
            risk,
            also_ok,
        })
    }
}
