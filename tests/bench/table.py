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

    def print(self):
        heads = [f"{self.title} [{self.unit}]", *self.columns,
                 *(["added", "+-", f"x {self.second}"] if self.second else ["+-"]), "budget", ""]
        lines = [heads]
        for row, medians in self.rows:
            cells = [row["name"], *(number(medians[c], self.unit) for c in self.columns)]
            error = number(2 * row["uncertainty"], self.unit)
            if self.second:
                ratio = row["ratios"].get(self.first)
                cells += [number(row["added"], self.unit), error,
                          "-" if ratio is None else f"{ratio:.2f}"]
            else:
                cells.append(error)
            cells.append("-" if row["budget"] is None else number(row["budget"], self.unit))
            cells.append(row["verdict"] or "")
            lines.append(cells)
        widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
        print()
        for line in lines:
            print("  ".join([line[0].ljust(widths[0]),
                             *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])
                  .rstrip())
        for row, _ in self.rows:
            for note in row["notes"]:
                print(f"  {row['name']}: {note}")
