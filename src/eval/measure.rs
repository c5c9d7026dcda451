//! The figures of an evaluation, in the shape of the contract.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Labelled;
use crate::label::{Category, Risk};

/// What the classifier said of a labelled tool.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The category.
    pub category: Category,
    /// The risk.
    pub risk: Risk,
    /// 0 to 1.
    pub confidence: f64,
}

/// The figures.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Tools measured.
    pub n: usize,
    /// Share whose category is the first label.
    pub accuracy: f64,
    /// Share whose category is the first label or one that careful people defend.
    pub accuracy_defensible: f64,
    /// Mean of the categories' F1.
    pub macro_f1: f64,
    /// Share of tools with a labelled risk whose risk is that.
    pub risk_accuracy: f64,
    /// Precision, recall and F1 of each category.
    pub per_class: BTreeMap<&'static str, ClassFigures>,
    /// Labelled category, then answered category.
    pub confusion: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    /// Labelled Destructive, or Execute with critical risk, and called Read.
    pub missed_danger: Vec<String>,
    /// Labelled Read and called Destructive or Execute.
    pub false_alarms: Vec<String>,
    /// Expected calibration error over ten bins.
    pub calibration_error: f64,
    /// Accuracy of the most confident share.
    pub coverage: Vec<Coverage>,
}

/// Figures of one category.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ClassFigures {
    /// Right among those called so.
    pub precision: f64,
    /// Found among those that are so.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Tools labelled so.
    pub n: usize,
}

/// Accuracy of the most confident share.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Coverage {
    /// The share.
    pub confident: f64,
    /// Its accuracy by the first label.
    pub accuracy: f64,
}

/// Measures answers against labels, one an entry.
pub fn figures(labelled: &[Labelled], answers: &[Answer]) -> Figures {
    let pairs: Vec<(&Labelled, &Answer)> = labelled.iter().zip(answers).collect();
    let n = pairs.len();
    let share = |count: usize, of: usize| if of == 0 { 0.0 } else { round(count as f64 / of as f64) };
    let right = |(l, a): &&(&Labelled, &Answer)| l.category == a.category;
    let defensible = |(l, a): &&(&Labelled, &Answer)| l.category == a.category || l.also_ok.contains(&a.category);
    let with_risk = pairs.iter().filter(|(l, _)| l.risk.is_some());
    let danger = |l: &Labelled| {
        l.category == Category::Destructive || l.category == Category::Execute && l.risk == Some(Risk::Critical)
    };
    let mut per_class = BTreeMap::new();
    let mut confusion = BTreeMap::new();
    for category in Category::ALL.iter().copied() {
        let count = |labelled: Option<Category>, answered: Option<Category>| {
            let fits = |(l, a): &&(&Labelled, &Answer)| {
                labelled.is_none_or(|c| l.category == c) && answered.is_none_or(|c| a.category == c)
            };
            pairs.iter().filter(fits).count()
        };
        let hit = count(Some(category), Some(category)) as f64;
        let (of_label, of_answer) = (count(Some(category), None), count(None, Some(category)));
        let precision = if of_answer == 0 { 0.0 } else { hit / of_answer as f64 };
        let recall = if of_label == 0 { 0.0 } else { hit / of_label as f64 };
        let f1 = if precision + recall == 0.0 {
            0.0
        } else {
            2.0 * precision * recall / (precision + recall)
        };
        per_class.insert(
            category.name(),
            ClassFigures {
                precision: round(precision),
                recall: round(recall),
                f1: round(f1),
                n: of_label,
            },
        );
        let row = Category::ALL
            .iter()
            .map(|answered| (answered.name(), count(Some(category), Some(*answered))))
            .collect();
        confusion.insert(category.name(), row);
    }
    let ids = |fits: &dyn Fn(&Labelled, &Answer) -> bool| {
        pairs
            .iter()
            .filter(|(l, a)| fits(l, a))
            .map(|(l, _)| l.id.clone())
            .collect()
    };
    Figures {
        n,
        accuracy: share(pairs.iter().filter(right).count(), n),
        accuracy_defensible: share(pairs.iter().filter(defensible).count(), n),
        macro_f1: round(per_class.values().map(|c| c.f1).sum::<f64>() / 4.0),
        risk_accuracy: share(
            with_risk.clone().filter(|(l, a)| l.risk == Some(a.risk)).count(),
            with_risk.count(),
        ),
        per_class,
        confusion,
        missed_danger: ids(&|l, a| danger(l) && a.category == Category::Read),
        false_alarms: ids(&|l, a| l.category == Category::Read && a.category >= Category::Execute),
        calibration_error: round(calibration_error(&pairs)),
        coverage: coverage(&pairs),
    }
}

fn calibration_error(pairs: &[(&Labelled, &Answer)]) -> f64 {
    let mut bins = [(0usize, 0usize, 0.0f64); 10];
    for (labelled, answer) in pairs {
        let bin = &mut bins[((answer.confidence * 10.0) as usize).min(9)];
        bin.0 += 1;
        bin.1 += usize::from(labelled.category == answer.category);
        bin.2 += answer.confidence;
    }
    let total = pairs.len().max(1) as f64;
    bins.iter()
        .filter(|b| b.0 > 0)
        .map(|b| (b.1 as f64 - b.2).abs() / total)
        .sum()
}

fn coverage(pairs: &[(&Labelled, &Answer)]) -> Vec<Coverage> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| b.1.confidence.total_cmp(&a.1.confidence));
    [0.5, 0.8, 0.9, 0.95, 1.0]
        .into_iter()
        .map(|confident| {
            let top = &sorted[..((sorted.len() as f64 * confident) as usize).min(sorted.len())];
            let right = top.iter().filter(|(l, a)| l.category == a.category).count();
            Coverage {
                confident,
                accuracy: if top.is_empty() {
                    0.0
                } else {
                    round(right as f64 / top.len() as f64)
                },
            }
        })
        .collect()
}

/// Four decimals, so that the figures of two platforms are the same text.
fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
