//! Fits the scorecard: multinomial logistic regression by plain gradient descent, drawn towards what the guide says
//! each feature means ([`expected`]) instead of towards nothing, and rounded to integers. No randomness.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::words::{self, Told};
use crate::classify::hints;
use crate::effect::Effect;
use crate::label::Category;
use crate::rules::book::ParamKind;
use crate::rules::weights::{Feature, Manner, Mark, ROW_ORDER, Row, Slot, Standing, Weights};
use crate::rules::words::{Stand, WordTable};

/// The features of one labelled tool.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Fired features.
    pub features: Vec<Feature>,
    /// The label.
    pub category: Category,
    /// Server, for folds.
    pub group: String,
    /// How much it counts: less where careful people differ.
    pub weight: f64,
    /// What its verbs speak of.
    pub verbs: Manner,
    /// Its words.
    pub words: Vec<(Stand, String)>,
}

impl Sample {
    /// Its scores under a scorecard and a table of words.
    pub fn scores(&self, weights: &Weights, words: &WordTable) -> Row {
        let told = weights.scores(&self.features);
        let rows = self
            .words
            .iter()
            .filter_map(|word| Some((word.0, *words.rows.get(word)?)));
        hints::added(told, words.always, rows, self.verbs)
    }
}

/// What gradient descent knows of a tool: which weights count for it, and what they should come to.
pub(super) struct Point {
    pub(super) fired: Vec<usize>,
    pub(super) category: Category,
    pub(super) weight: f64,
}

/// Steps of gradient descent.
const STEPS: usize = 600;
/// How strongly the weights of a tool's own verbs are drawn to what is expected of them.
const PULL: f64 = 0.6;
/// How much stronger the weights of what is said in passing, and of the whole, are drawn: they are many, fire seldom,
/// and mislead.
const PULL_IN_PASSING: f64 = 4.0;
/// The same for what repeats what the verbs said already.
const PULL_REPEATED: f64 = 20.0;

/// Fits a scorecard to the samples.
pub fn fit(samples: &[Sample]) -> Weights {
    let expected: Vec<[f64; 4]> = Feature::all().map(expected).collect();
    let pulls: Vec<f64> = Feature::all().map(pull).collect();
    let point = |sample: &Sample| Point {
        fired: sample.features.iter().map(|f| f.index()).collect(),
        category: sample.category,
        weight: sample.weight,
    };
    let points: Vec<Point> = samples.iter().map(point).collect();
    let weights = descend(&points, &expected, &pulls, STEPS);
    let fired: BTreeSet<usize> = points.iter().flat_map(|point| point.fired.iter().copied()).collect();
    let rows = weights.iter().zip(&expected).enumerate().map(|(f, (w, e))| {
        let source = if fired.contains(&f) { w } else { e };
        std::array::from_fn(|c| (source[c] * 100.0).round() as i32)
    });
    Weights::from_rows(rows.collect::<Vec<Row>>())
}

/// How frequent the categories of [`ROW_ORDER`] count as: as in the development set. What servers offer are mostly Reads,
/// which would make a Read of whatever is in doubt.
const MIX: [f64; 4] = [0.44, 0.33, 0.12, 0.11];

/// By how much points of each category count, so that together they have the shares of [`MIX`].
fn balance(points: &[Point]) -> [f64; 4] {
    let of = |category: Category| points.iter().filter(move |p| p.category == category).map(|p| p.weight);
    let sums: [f64; 4] = ROW_ORDER.map(|category| of(category).sum());
    let total: f64 = sums.iter().sum();
    std::array::from_fn(|c| MIX[c] * total / sums[c].max(1.0))
}

/// The weights under which the points are most probable, each drawn to what is `expected` of it by its pull.
pub(super) fn descend(points: &[Point], expected: &[[f64; 4]], pulls: &[f64], steps: usize) -> Vec<[f64; 4]> {
    let mut weights = expected.to_vec();
    let mut momentum = vec![[0.0f64; 4]; weights.len()];
    let mut scale = momentum.clone();
    let total: f64 = points.iter().map(|point| point.weight).sum::<f64>().max(1.0);
    let balance = balance(points);
    let counts = |point: &Point| {
        let category = ROW_ORDER.iter().position(|c| *c == point.category);
        point.weight * category.map_or(1.0, |c| balance[c])
    };
    let counts: Vec<f64> = points.iter().map(counts).collect();
    for step in 1..=steps {
        let mut gradient: Vec<[f64; 4]> = weights
            .iter()
            .zip(expected)
            .zip(pulls)
            .map(|((w, e), pull)| std::array::from_fn(|c| (w[c] - e[c]) * pull))
            .collect();
        for (point, counts) in points.iter().zip(&counts) {
            let probabilities = softmax(std::array::from_fn(|c| {
                point.fired.iter().map(|f| weights[*f][c]).sum()
            }));
            for (c, category) in ROW_ORDER.iter().enumerate() {
                let error = (probabilities[c] - f64::from(u8::from(*category == point.category))) * counts;
                for &f in &point.fired {
                    gradient[f][c] += error;
                }
            }
        }
        let rate = 0.05 * (1.0 - step as f64 / steps as f64) + 0.002;
        for f in 0..weights.len() {
            for c in 0..4 {
                let g = gradient[f][c] / total;
                momentum[f][c] = 0.9 * momentum[f][c] + 0.1 * g;
                scale[f][c] = 0.99 * scale[f][c] + 0.01 * g * g;
                let (m, v) = (
                    momentum[f][c] / (1.0 - 0.9f64.powi(step as i32)),
                    scale[f][c] / (1.0 - 0.99f64.powi(step as i32)),
                );
                weights[f][c] -= rate * m / (v.sqrt() + 1e-8);
            }
        }
    }
    weights
}

/// The temperature, in hundredths, at which the held-out samples are most probable. `scored`: the scores of a sample
/// under a scorecard fitted without it, and its category.
pub fn temperature(scored: &[(Row, Category)]) -> i32 {
    let loss = |temperature: i32| -> f64 {
        let of = |(scores, category): &(Row, Category)| {
            let probabilities = softmax(scores.map(|s| f64::from(s) / f64::from(temperature)));
            let index = ROW_ORDER.iter().position(|c| c == category).unwrap_or(0);
            -probabilities[index].max(1e-9).ln()
        };
        scored.iter().map(of).sum()
    };
    (40..=300)
        .step_by(5)
        .min_by(|a, b| loss(*a).total_cmp(&loss(*b)))
        .unwrap_or(100)
}

fn softmax(scores: [f64; 4]) -> [f64; 4] {
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let powers = scores.map(|s| (s - most).exp());
    let total: f64 = powers.iter().sum();
    powers.map(|p| p / total)
}

/// Fits once for each fold of whole servers; calls `each` with the held-out samples' indices, and with the scorecard
/// and the table of words fitted without any tool of their servers. Servers are dealt to folds in the order of their
/// names.
pub fn cross_validate(samples: &[Sample], told: &[Told], folds: usize, mut each: impl FnMut(&[usize], Fitted)) {
    let servers: BTreeSet<&str> = samples.iter().map(|s| s.group.as_str()).collect();
    let fold_of = |group: &str| Some(servers.iter().position(|s| *s == group)? % folds.max(2));
    let fitted: Vec<(Vec<usize>, Fitted)> = (0..folds.max(2))
        .into_par_iter()
        .map(|fold| {
            let (held, kept): (Vec<usize>, Vec<usize>) =
                (0..samples.len()).partition(|i| fold_of(&samples[*i].group) == Some(fold));
            let training: Vec<Sample> = kept.iter().map(|i| samples[*i].clone()).collect();
            let others: Vec<&Told> = told.iter().filter(|t| fold_of(&t.server) != Some(fold)).collect();
            let weights = fit(&training);
            let words = words::fit(&others);
            (held, Fitted { weights, words })
        })
        .collect();
    for (held, fitted) in fitted {
        each(&held, fitted);
    }
}

/// What is fitted on labelled tools.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The scorecard.
    pub weights: Weights,
    /// The table of words.
    pub words: WordTable,
}

fn pull(feature: Feature) -> f64 {
    match feature.standing() {
        Standing::Verbs => PULL,
        Standing::Passing => PULL * PULL_IN_PASSING,
        Standing::Repeated => PULL * PULL_REPEATED,
    }
}

/// What the guide says a feature means before any tool was seen, in nats.
fn expected(feature: Feature) -> [f64; 4] {
    for slot in Slot::ALL {
        for effect in Effect::ALL {
            if Feature::operation(slot, effect) == feature {
                return towards(effect.category(), strength(slot, effect));
            }
        }
    }
    if feature == Feature::mark(Mark::Always) {
        return [0.3, 0.3, 0.0, 0.0];
    }
    if feature == Feature::mark(Mark::NameFact) || feature == Feature::mark(Mark::MainFact) {
        return [0.8, 0.0, 0.0, 0.0];
    }
    for (kind, effect, nats) in [
        (ParamKind::Command, Category::Execute, 1.5),
        (ParamKind::Code, Category::Execute, 1.0),
        (ParamKind::Sql, Category::Execute, 0.5),
        (ParamKind::Tool, Category::Execute, 0.5),
        (ParamKind::Method, Category::Execute, 1.0),
        (ParamKind::Paging, Category::Read, 0.7),
        (ParamKind::Query, Category::Read, 0.5),
        (ParamKind::Content, Category::Write, 0.4),
        (ParamKind::Ui, Category::Execute, 0.4),
        (ParamKind::Permanent, Category::Destructive, 1.5),
        (ParamKind::Recipient, Category::Write, 0.4),
    ] {
        for manner in [Manner::Unknown, Manner::Acts] {
            if Feature::param(kind, manner) == feature {
                return towards(Some(effect), nats);
            }
        }
    }
    [0.0; 4]
}

fn towards(category: Option<Category>, nats: f64) -> [f64; 4] {
    std::array::from_fn(|c| if Some(ROW_ORDER[c]) == category { nats } else { 0.0 })
}

/// How much an operation counts by its place. A Read beside something worse takes nothing back.
fn strength(slot: Slot, effect: Effect) -> f64 {
    let reads = effect.category() == Some(Category::Read);
    match (slot, reads) {
        (Slot::Name, _) | (Slot::Operation, false) => 3.5,
        (Slot::Main, _) | (Slot::NameSecond, false) => 2.5,
        (Slot::Coordinated, false) => 2.0,
        (Slot::Passive, false) => 1.0,
        (Slot::Foreign, _) => 1.8,
        (Slot::Later, false) => 0.5,
        (Slot::Order | Slot::Side, false) | (Slot::Later | Slot::Coordinated, true) => 0.2,
        (Slot::Aside, false) | (_, true) => 0.05,
    }
}
