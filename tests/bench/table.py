# SPDX-License-Identifier: MIT
"""Results as people read them."""
import statistics


def median(values):
    return statistics.median(values) if values else None


def uncertainty(values):
    """Standard error of the median, from the quartiles so that single outliers do not count."""
    if len(values) < 4:
        return (max(values) - min(values)) / 2
    first, _, third = statistics.quantiles(values, n=4)
    return 1.253 * (third - first) / 1.349 / len(values) ** 0.5


def verdict(added, error, budget):
    """A difference that is smaller than what it may be off by says nothing."""
    if added is None or budget is None:
        return None
    if added + 2 * error <= budget:
        return "within"
    return "OVER" if added - 2 * error > budget else "unclear"


def summary(values):
    return {"n": len(values), "median": median(values), "min": min(values), "max": max(values)}


def number(value, unit):
    if value is None:
        return "-"
    digits = 0 if unit in ("us", "KiB") and abs(value) >= 10 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


class Table:
    """Rows of one kind: medians in columns, what the first of them costs over the second, budget."""

    def __init__(self, title, unit, columns, first, second):
        self.title, self.unit, self.columns = title, unit, columns
        self.first, self.second = first, second
        self.rows = []

    def add(self, name, samples, budget, notes=()):
        """samples: {column: [value]}, values in the table's unit. The row, with what it means."""
        medians = {column: median(samples.get(column, [])) for column in self.columns}
        first, second = medians[self.first], medians[self.second] if self.second else 0
        added = None if first is None or second is None else first - second
        error = sum(uncertainty(samples[c]) ** 2
                    for c in (self.first, self.second) if samples.get(c)) ** 0.5
        row = {
            "name": name,
            "unit": self.unit,
            "columns": {c: summary(v) for c, v in samples.items() if v},
            "added": added,
            "uncertainty": error,
            "ratios": {c: round(m / second, 3) for c, m in medians.items() if m and second},
            "budget": budget,
            "verdict": verdict(added, error, budget),
            "notes": list(notes),
        }
        self.rows.append((row, medians))
        return row

    def heads(self):
        return ["added", "+-", f"x {self.second}"] if self.second else ["+-"]

    def comparison(self, row):
        """What stands below the heads and the budget."""
        error = number(2 * row["uncertainty"], self.unit)
        cells = [error]
        if self.second:
            ratio = row["ratios"].get(self.first)
            cells = [number(row["added"], self.unit), error,
                     "-" if ratio is None else f"{ratio:.2f}"]
        return [*cells, "-" if row["budget"] is None else number(row["budget"], self.unit)]

    def print(self):
        lines = [[f"{self.title} [{self.unit}]", *self.columns, *self.heads(), "budget", ""]]
        for row, medians in self.rows:
            lines.append([row["name"], *(number(medians[c], self.unit) for c in self.columns),
                          *self.comparison(row), row["verdict"] or ""])
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        print()
        for line in lines:
            print("  ".join([line[0].ljust(widths[0]),
                             *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])
                  .rstrip())
        for row, _ in self.rows:
            for note in row["notes"]:
                print(f"  {row['name']}: {note}")


class Ratios(Table):
    """As a Table, with a budget for the ratio of the first column to the second."""

    def add(self, name, samples, budget, notes=()):
        row = super().add(name, samples, None, notes)
        ratio, error = row["ratios"].get(self.first), 0
        if ratio is not None:
            error = ratio * sum((uncertainty(samples[c]) / median(samples[c])) ** 2
                                for c in (self.first, self.second)) ** 0.5
        row.update(budget=budget, ratio_uncertainty=error, verdict=verdict(ratio, error, budget))
        return row

    def heads(self):
        return [f"x {self.second}", "+-"]

    def comparison(self, row):
        ratio = row["ratios"].get(self.first)
        return ["-" if ratio is None else f"{ratio:.3f}", f"{2 * row['ratio_uncertainty']:.3f}",
                "-" if row["budget"] is None else f"{row['budget']:.3f}"]
