"""Writes metrics.npz, the metrics that the tests compare shoal with: `python3 make.py`.

Needs numpy and scikit-learn. README.md of the folder above says what the file holds.
"""

from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve

ROWS = 400


def rejection(truth, score, weight, efficiency):
    """1 / background efficiency, interpolated on scikit-learn's ROC curve."""
    background, signal, _ = metrics.roc_curve(
        truth, score, sample_weight=weight, drop_intermediate=False
    )
    return 1 / np.interp(efficiency, signal, background)


def median_significance(truth, score, weight):
    """The best AMS over cuts, as HiggsML's starting kit computes it, one cut after the other."""
    best = 0.0
    for cut in np.unique(score):
        passes = score >= cut
        s = weight[passes & (truth == 1)].sum()
        b = weight[passes & (truth == 0)].sum() + 10.0
        if s > 0 and b > 0:
            best = max(best, np.sqrt(2 * ((s + b) * np.log(1 + s / b) - s)))
    return best


def pairs(truth, score, weight):
    """The AUC by its definition, over all pairs: scikit-learn takes no negative weights."""
    wins = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    signal, background = weight * (truth == 1), weight * (truth == 0)
    return (signal[:, None] * background * wins).sum() / (signal.sum() * background.sum())


def main():
    rng = np.random.default_rng(20261126)
    truth = rng.integers(0, 2, ROWS)
    # ties: two digits
    score = np.clip(np.round(0.5 + 0.2 * (truth - 0.5) + 0.2 * rng.standard_normal(ROWS), 2), 0.01, 0.99)
    weight = rng.uniform(0.2, 3, ROWS)
    negative = np.where(rng.random(ROWS) < 0.15, -weight, weight)
    members = {"truth": truth.astype(float), "score": score, "weight": weight, "negative": negative}
    for name, w in [("plain", np.ones(ROWS)), ("weighted", weight)]:
        members |= {
            f"{name}_auc": metrics.roc_auc_score(truth, score, sample_weight=w),
            f"{name}_log_loss": metrics.log_loss(truth, score, sample_weight=w),
            f"{name}_accuracy": metrics.accuracy_score(truth, score > 0.5, sample_weight=w),
            f"{name}_rejection_30": rejection(truth, score, w, 0.3),
            f"{name}_rejection_50": rejection(truth, score, w, 0.5),
            f"{name}_ams": median_significance(truth, score, w),
        }
        assert abs(pairs(truth, score, w) - members[f"{name}_auc"]) < 1e-12
        background, signal, _ = metrics.roc_curve(truth, score, sample_weight=w, drop_intermediate=False)
        members |= {f"{name}_roc_background": background, f"{name}_roc_signal": signal}
    fraction, mean = calibration_curve(truth, score, n_bins=10)
    members |= {"calibration_predicted": mean, "calibration_signal": fraction}
    members |= {
        "negative_auc": pairs(truth, score, negative),
        "negative_log_loss": metrics.log_loss(truth, score, sample_weight=negative),
        "negative_accuracy": metrics.accuracy_score(truth, score > 0.5, sample_weight=negative),
        "negative_ams": median_significance(truth, score, negative),
    }

    # regression: values of a target, and predicted deviations
    value = rng.uniform(0, 1, ROWS)
    deviation = rng.uniform(0.03, 0.2, ROWS)
    prediction = value + 0.02 + deviation * rng.standard_normal(ROWS)
    members |= {"value": value, "prediction": prediction, "deviation": deviation}
    for name, w in [("plain", np.ones(ROWS)), ("weighted", weight)]:
        error, pull = prediction - value, (prediction - value) / deviation
        mean = np.average(error, weights=w)
        members |= {
            f"{name}_values_mse": metrics.mean_squared_error(value, prediction, sample_weight=w),
            f"{name}_values_r2": metrics.r2_score(value, prediction, sample_weight=w),
            f"{name}_values_bias": abs(mean),
            f"{name}_values_resolution": np.sqrt(np.average((error - mean) ** 2, weights=w)),
            f"{name}_values_coverage": np.average(np.abs(pull) <= 1, weights=w),
            f"{name}_values_chi_squared": np.average(pull**2, weights=w),
            f"{name}_values_nll": np.average(np.log(deviation) + pull**2 / 2, weights=w),
        }

    # classes that exclude each other
    label = rng.integers(0, 3, ROWS)
    logits = 1.5 * np.eye(3)[label] + rng.standard_normal((ROWS, 3))
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    members |= {"label": label.astype(float), "probability": probability}
    for name, w in [("plain", np.ones(ROWS)), ("weighted", weight)]:
        members |= {
            f"{name}_classes_log_loss": metrics.log_loss(label, probability, sample_weight=w),
            f"{name}_classes_accuracy": metrics.accuracy_score(
                label, probability.argmax(axis=1), sample_weight=w
            ),
            f"{name}_classes_auc": metrics.roc_auc_score(
                label, probability, sample_weight=w, multi_class="ovr", average="macro"
            ),
        }
    made_with = np.array([f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"])
    path = Path(__file__).resolve().parent / "metrics.npz"
    np.savez(path, made_with=made_with, **{k: np.atleast_1d(v) for k, v in members.items()})
    for name, value in members.items():
        print(name, np.shape(value), value if np.ndim(value) == 0 else "")


main()
