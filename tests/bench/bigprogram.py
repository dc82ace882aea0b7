#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A C++ program with as much debug information as wanted: bigprogram.py [--units N --parts N
--sources N] DIRECTORY makes DIRECTORY/big. With --units 30 --parts 18 it is as large as a large
program: 371 MB of .debug sections.

Equal for equal arguments. A compiler needs a second for 0.4 MB of this, so only some of the units
are compiled; the others are made from their assembly by giving the unit another name.
"""
import argparse
import pathlib
import random
import re
import subprocess

HEAD = """// SPDX-License-Identifier: MIT
#include <algorithm>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace UNIT {
template <typename T> struct Stage {
    T limit;
    template <typename V> bool operator()(const V &value) const { return value.weight() < limit; }
};
template <typename... Stages> class Pipeline {
    std::tuple<Stages...> stages;

  public:
    explicit Pipeline(Stages... s) : stages(std::move(s)...) {}
    template <typename V> bool pass(const V &value) const {
        return std::apply([&](const auto &...stage) { return (stage(value) && ...); }, stages);
    }
};
"""

RECORD = """
struct Record@ {
    enum class Kind { plain, special, gone };
    int id;
    std::string name;
    FIELD price;
    std::vector<int> parts;
    Kind kind;
    bool operator<(const Record@ &other) const { return price < other.price; }
    bool operator==(const Record@ &other) const { return id == other.id; }
    int weight() const {
        int sum = id;
        for (int part : parts)
            sum += part * NUMBER + (kind == Kind::special ? 1 : static_cast<int>(name.size()));
        return sum;
    }
};
"""

# name of the member, its type, what add() does, what total() adds
STORES = [
    ("by_name", "std::map<std::string, Record@>", "by_name[record.name] = record;",
     "for (const auto &[name, record] : by_name) sum += record.weight() + (int)name.size();"),
    ("by_id", "std::unordered_map<int, Record@>", "by_id.emplace(record.id, record);",
     "if (auto found = by_id.find(sum & 7); found != by_id.end()) sum += found->second.id;"),
    ("queue", "std::deque<std::shared_ptr<Record@>>",
     "queue.push_back(std::make_shared<Record@>(record));",
     "while (queue.size() > 3) { sum += queue.front()->weight(); queue.pop_front(); }"),
    ("sorted", "std::set<Record@>", "sorted.insert(record);",
     "if (!sorted.empty()) sum += sorted.begin()->weight();"),
    ("recent", "std::list<Record@>", "recent.push_front(record);",
     "recent.sort(); recent.unique(); for (const auto &r : recent) sum ^= r.id;"),
    ("groups", "std::multimap<int, std::unique_ptr<Record@>>",
     "groups.emplace(record.id % 3, std::make_unique<Record@>(record));",
     "for (auto [at, end] = groups.equal_range(1); at != end; ++at) sum += at->second->weight();"),
    ("either", "std::vector<std::variant<int, std::string, Record@>>",
     "either.emplace_back(record.id); either.emplace_back(record);",
     "for (const auto &e : either) sum += std::visit(Weigh@{sum}, e);"),
]
USES = [
    "std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {\n"
    "            return a.weight() < b.weight() || b < a; });",
    "std::stable_sort(all.begin(), all.end());",
    "all.erase(std::remove_if(all.begin(), all.end(), [this](const Record@ &r) {\n"
    "            return r.weight() > least + NUMBER; }), all.end());",
    "sum += std::accumulate(all.begin(), all.end(), 0, [](int s, const Record@ &r) {\n"
    "            struct Local { int of(int x) const { return x * 3 + 1; } } local;\n"
    "            return s + local.of(r.weight()); });",
    "std::partial_sort(all.begin(), all.begin() + all.size() / 2, all.end());",
    "std::make_heap(all.begin(), all.end());\n        std::sort_heap(all.begin(), all.end());",
    "sum += std::count_if(all.begin(), all.end(), [&](const auto &r) {\n"
    "            return Pipeline(Stage<int>{sum}, Stage<long>{least}).pass(r); });",
    "std::rotate(all.begin(), all.begin() + all.size() / 3, all.end());",
]

STORE = """
struct Weigh@ {
    int least;
    int operator()(int n) const { return n > least ? n : least; }
    int operator()(const std::string &s) const { return static_cast<int>(s.find('n')); }
    int operator()(const Record@ &r) const { return r.weight(); }
};
class Store@ {
    MEMBERS
    std::vector<std::function<int(const Record@ &)>> rules;
    int least;

  public:
    explicit Store@(int n) : least(n) {
        rules.push_back([this](const Record@ &r) { return r.weight() < least ? 1 : r.id; });
        rules.push_back([n](const Record@ &r) { return n < 0 ? throw r.name : r.kind == KIND; });
    }
    void add(const Record@ &record) {
        ADD
    }
    int total(std::vector<Record@> all) {
        int sum = 0;
        USES
        for (const auto &record : all)
            for (const auto &rule : rules)
                sum += rule(record);
        if (sum < 0)
            throw std::runtime_error("negative " + std::to_string(sum));
        TOTAL
        return sum;
    }
};
int run@(int n) {
    Store@ store(n);
    std::vector<Record@> all;
    for (int i = 0; i < n; i++) {
        all.push_back({i, "n" + std::to_string(i * NUMBER), FIELD(i), {i, n}, KIND});
        store.add(all.back());
    }
    return store.total(std::move(all));
}
"""


def unit_text(seed, parts):
    """The source of one unit, with UNIT for its name."""
    choose = random.Random(seed)
    text = HEAD
    for part in range(parts):
        stores = choose.sample(STORES, 4)
        uses = choose.sample(USES, 4)
        for word, replacement in (
                ("MEMBERS", "\n    ".join(f"{kind} {name};" for name, kind, *_ in stores)),
                ("ADD", "\n        ".join(add for _, _, add, _ in stores)),
                ("TOTAL", "\n        ".join(total for *_, total in stores)),
                ("USES", "\n        ".join(uses))):
            if word == "MEMBERS":
                body = RECORD + STORE
            body = body.replace(word, replacement)
        for word, replacement in (
                ("KIND", "Record@::Kind::" + choose.choice(["plain", "special", "gone"])),
                ("FIELD", choose.choice(["int", "long", "float", "double", "short"])),
                ("NUMBER", str(choose.randrange(2, 100))), ("@", str(part))):
            body = body.replace(word, replacement)
        text += body
    runs = "".join(f" +\n           run{part}(n)" for part in range(parts))
    return f"{text}\nint unit(int n) {{\n    return n{runs};\n}}\n}}\n"


def build(directory, units=2, parts=1, sources=2, flags=("-O2", "-g")):
    """DIRECTORY/big of so many units with so many parts each, of which `sources` are compiled."""
    directory = pathlib.Path(directory)
    names = [f"unit{unit:03}" for unit in range(units)]
    for unit, name in enumerate(names):
        text = unit_text(unit % sources, parts).replace("UNIT", name)
        (directory / f"{name}.cpp").write_text(text)
    (directory / "main.cpp").write_text(
        "".join(f"namespace {name} {{\nint unit(int);\n}}\n" for name in names)
        + "int main(int argc, char **) {\n    int sum = 0;\n"
        + "".join(f"    sum += {name}::unit(argc);\n" for name in names)
        + "    return sum & 1;\n}\n")
    compiler = ["g++", "-std=c++17", *flags]

    def run(*command):
        subprocess.run(command, check=True, cwd=directory)

    for source in range(min(sources, units)):
        first = names[source]
        run(*compiler, "-S", "-o", f"{first}.s", f"{first}.cpp")
        assembly = (directory / f"{first}.s").read_text()
        for name in names[source::sources]:
            (directory / f"{name}.s").write_text(re.sub(rf"{first}", name, assembly))
            run(*compiler, "-c", f"{name}.s")
            (directory / f"{name}.s").unlink()
    run(*compiler, "-o", "big", "main.cpp", *(f"{name}.o" for name in names))
    for name in names:
        (directory / f"{name}.o").unlink()
    return directory / "big"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--sources", type=int, default=2, help="units that are compiled")
    parser.add_argument("directory", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    print(build(arguments.directory, arguments.units, arguments.parts, arguments.sources))


if __name__ == "__main__":
    main()
