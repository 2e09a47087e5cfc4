#!/usr/bin/env python3
"""Train a small neural network on scikit-learn's handwritten digits.

It reads 8 x 8 pixel images of the digits 0 to 9, learns from three quarters of them and is tested on the
rest, which is the same for every run. The same arguments give the same result files, byte for byte.

Each epoch adds a line to measures/epochs.jsonl. On SIGTERM the state is saved, and the next start with the
same arguments goes on from there and ends where an unbroken run would have ended.
"""

import argparse
import json
import os
import pickle
import signal
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

DIGITS = np.arange(10)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, default=0.001, help="learning rate")
    parser.add_argument("--hidden", type=int, nargs="+", default=[64], help="units of each hidden layer")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not arguments.lr > 0:
        parser.error("--lr must be more than 0")
    if arguments.epochs < 1 or min(arguments.hidden) < 1:
        parser.error("--epochs and --hidden must be at least 1")
    return arguments


def folder(variable, default):
    path = Path(os.environ.get(variable, default))
    path.mkdir(parents=True, exist_ok=True)
    return path


def load_data():
    images, labels = load_digits(return_X_y=True)
    return train_test_split(images / 16, labels, test_size=0.25, stratify=labels, random_state=0)


class Training:
    """All that is needed to go on: what was asked for, the model, its random numbers, what was measured."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.seconds = 0.0
        self.measures = []
        self.model = MLPClassifier(
            hidden_layer_sizes=arguments.hidden,
            solver=arguments.optimizer,
            learning_rate_init=arguments.lr,
            batch_size=16,
            random_state=np.random.RandomState(arguments.seed),
        )

    @classmethod
    def start(cls, arguments, saved):
        if saved.exists():
            training = pickle.loads(saved.read_bytes())
            if training.arguments == arguments:
                print(f"going on after epoch {len(training.measures)}", flush=True)
                return training
        return cls(arguments)

    def save(self, path):
        partial = path.with_suffix(".partial")
        partial.write_bytes(pickle.dumps(self))
        partial.replace(path)

    def epoch(self, data):
        train_images, test_images, train_labels, test_labels = data
        started = time.perf_counter()
        self.model.partial_fit(train_images, train_labels, classes=DIGITS)
        self.seconds += time.perf_counter() - started
        probabilities = self.model.predict_proba(test_images)
        measure = {
            "epoch": len(self.measures) + 1,
            "train_loss": round(float(self.model.loss_), 6),
            "loss": round(float(log_loss(test_labels, probabilities)), 6),
            "accuracy": round(float(np.mean(probabilities.argmax(axis=1) == test_labels)), 6),
            "seconds": round(self.seconds, 3),
        }
        self.measures.append(measure)
        return measure


def write_results(model, test_images, test_labels, results):
    predicted = model.predict(test_images)
    rows = np.column_stack([test_labels, predicted])
    np.savetxt(results / "predictions.csv", rows, "%d", ",", header="digit,predicted", comments="")
    confusion = confusion_matrix(test_labels, predicted, labels=DIGITS)
    np.savetxt(results / "confusion.csv", confusion, "%d", ",")
    layers = {f"weights_{i}": weights for i, weights in enumerate(model.coefs_)}
    layers |= {f"biases_{i}": biases for i, biases in enumerate(model.intercepts_)}
    np.savez(results / "model.npz", **layers)


def main():
    arguments = parse_arguments()
    results = folder("LOGISTICIAN_OUTPUT_DIRECTORY", "results")
    measures = folder("LOGISTICIAN_MEASURES_DIRECTORY", "measures")
    summary = Path(os.environ.get("LOGISTICIAN_SUMMARY_MEASURES_PATH", measures / "summary.json"))
    saved = folder("LOGISTICIAN_STATE_DIRECTORY", "state") / "training.pickle"

    stop = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))

    data = load_data()
    training = Training.start(arguments, saved)
    with open(measures / "epochs.jsonl", "w", encoding="utf-8") as series:
        for measure in training.measures:
            print(json.dumps(measure), file=series, flush=True)
        while len(training.measures) < arguments.epochs:
            if stop:
                training.save(saved)
                print(f"stopped after epoch {len(training.measures)}, state saved", flush=True)
                sys.exit(128 + stop[0])
            measure = training.epoch(data)
            print(json.dumps(measure), file=series, flush=True)
            print("epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}".format(**measure), flush=True)

    write_results(training.model, data[1], data[3], results)
    last = training.measures[-1]
    values = {name: last[name] for name in ("accuracy", "loss", "seconds")}
    summary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    saved.unlink(missing_ok=True)
    print("accuracy {accuracy:.4f} on {count} held-out digits".format(count=len(data[3]), **last))


if __name__ == "__main__":
    main()
