//! Fits the scorecard: multinomial logistic regression by plain gradient descent, drawn towards what the guide says
//! each feature means ([`expected`]) instead of towards nothing, and rounded to integers. No randomness.

use std::collections::BTreeSet;

use crate::effect::Effect;
use crate::label::Category;
use crate::rules::book::ParamKind;
use crate::rules::weights::{FEATURES, Feature, Manner, Mark, ROW_ORDER, Row, Slot, Standing, Weights};

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
}

/// Steps of gradient descent.
const STEPS: usize = 600;
/// How strongly the weights of a tool's own verbs are drawn to what is expected of them.
const PULL: f64 = 0.3;
/// How much stronger the weights of what is said in passing, and of the whole, are drawn: they are many, fire seldom,
/// and mislead.
const PULL_IN_PASSING: f64 = 4.0;
/// The same for what repeats what the verbs said already.
const PULL_REPEATED: f64 = 20.0;

/// Fits a scorecard to the samples.
pub fn fit(samples: &[Sample]) -> Weights {
    let expected: Vec<[f64; 4]> = Feature::all().map(expected).collect();
    let pulls: Vec<f64> = Feature::all().map(pull).collect();
    let mut weights = expected.clone();
    let mut momentum = vec![[0.0f64; 4]; FEATURES];
    let mut scale = vec![[0.0f64; 4]; FEATURES];
    let total: f64 = samples.iter().map(|s| s.weight).sum::<f64>().max(1.0);
    for step in 1..=STEPS {
        let mut gradient: Vec<[f64; 4]> = weights
            .iter()
            .zip(&expected)
            .zip(&pulls)
            .map(|((w, e), pull)| std::array::from_fn(|c| (w[c] - e[c]) * pull))
            .collect();
        for sample in samples {
            let probabilities = softmax(std::array::from_fn(|c| {
                sample.features.iter().map(|f| weights[f.index()][c]).sum()
            }));
            for (c, category) in ROW_ORDER.iter().enumerate() {
                let error = (probabilities[c] - f64::from(u8::from(*category == sample.category))) * sample.weight;
                for feature in &sample.features {
                    gradient[feature.index()][c] += error;
                }
            }
        }
        let rate = 0.05 * (1.0 - step as f64 / STEPS as f64) + 0.002;
        for f in 0..FEATURES {
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
    let fired: BTreeSet<usize> = samples
        .iter()
        .flat_map(|s| s.features.iter().map(|f| f.index()))
        .collect();
    let rows = weights.iter().zip(&expected).enumerate().map(|(f, (w, e))| {
        let source = if fired.contains(&f) { w } else { e };
        std::array::from_fn(|c| (source[c] * 100.0).round() as i32)
    });
    Weights::from_rows(rows.collect::<Vec<Row>>())
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

/// Fits once for each fold of whole servers; calls `each` with the held-out samples' indices and the scorecard fitted
/// without them. Servers are dealt to folds in the order of their names.
pub fn cross_validate(samples: &[Sample], folds: usize, mut each: impl FnMut(&[usize], Weights)) {
    let servers: BTreeSet<&str> = samples.iter().map(|s| s.group.as_str()).collect();
    let fold_of = |group: &str| servers.iter().position(|s| *s == group).unwrap_or(0) % folds.max(2);
    for fold in 0..folds.max(2) {
        let (held, kept): (Vec<usize>, Vec<usize>) =
            (0..samples.len()).partition(|i| fold_of(&samples[*i].group) == fold);
        let training: Vec<Sample> = kept.iter().map(|i| samples[*i].clone()).collect();
        each(&held, fit(&training));
    }
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
