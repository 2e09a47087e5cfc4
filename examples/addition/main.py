#!/usr/bin/env python3
"""Add two whole numbers."""

import os
import sys
from pathlib import Path


def main(words):
    try:
        first, second = map(int, words)
    except ValueError:
        print(f"two whole numbers are needed, not: {' '.join(words) or 'nothing'}", file=sys.stderr)
        return 2
    total = first + second
    print(f"The sum is {total}")
    results = Path(os.environ.get("LOGISTICIAN_OUTPUT_DIRECTORY", "/data/results"))
    results.mkdir(parents=True, exist_ok=True)
    (results / "result.txt").write_text(f"{total}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
