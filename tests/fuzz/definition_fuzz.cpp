// Mutates a file of table definitions, builds its tables for a sweep and renders them: UsageError is the only legal way
// to fail, with one line of text. Deterministic: the same count gives the same inputs, and a failing input is printed.
//   definition_fuzz SWEEP DEFINITIONS [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/report/render.h"

namespace {

using namespace winnow;

const std::vector<std::string> kPieces = {
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    "\"",
    "'",
    "\n",
    "#",
    ".",
    "[[table]]\n",
    "[[table.published]]\n",
    "[table]\n",
    "name = ",
    "title = \"\"\n",
    "where = { method = \"ce\" }\n",
    "rows = []\n",
    "columns = [\"seed\"]\n",
    "labels = ",
    "metric = \"detect.\"\n",
    "metric = \".\"\n",
    "rule = \"best\"\n",
    "value = 1\n",
    "value = \"not available\"\n",
    "deviation = -1\n",
    "n = -1\n",
    "n = 0.5\n",
    "source = \"A\"\n",
    "published = []\n",
    "nan",
    "inf",
    "-1",
    "1e308",
    "9223372036854775807",
    "true",
    "[]",
    "{}",
    "[[0]]",
    "method",
    "\xff",
    std::string(1, '\0'),
    "\u00e4",
    "1979-05-27",
};

void read_and_render(const Path& file, const sweep::Plan& plan, const store::Store& empty) {
  store::RunReader runs(empty);
  for (const report::Table& table : report::build_tables(plan, runs, report::read_definitions(file))) {
    report::render_terminal(table, 80, true);
    report::render_markdown(table);
    report::render_latex(table);
    report::render_csv(table);
    report::render_json(table);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "definition_fuzz SWEEP DEFINITIONS [COUNT]\n"), 2;
  int count = argc > 3 ? std::atoi(argv[3]) : 20000;
  sweep::Plan plan = sweep::Plan::read(argv[1], sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}}));
  fuzz::Mutator mutator(read_file(argv[2]), kPieces);
  Path file = std::filesystem::temp_directory_path() / fmt::format("definition_fuzz.{}.toml", ::getpid());
  store::Store empty(file.string() + ".store");  // never made
  int accepted = 0, refused = 0;
  for (int i = 0; i < count; ++i) {
    std::string text = mutator.next(), failure;
    std::ofstream(file, std::ios::binary) << text;
    try {
      read_and_render(file, plan, empty);
      ++accepted;
    } catch (const UsageError& error) {
      ++refused;
      if (std::string(error.what()).find('\n') != std::string::npos)
        failure = fmt::format("was refused in several lines: {}", error.what());
    } catch (const std::exception& error) {
      failure = fmt::format("failed with: {}", error.what());
    }
    if (failure.empty()) continue;
    fmt::print("input {} {}\n{}\n", i, failure, text);
    return 1;
  }
  std::filesystem::remove(file);
  fmt::print("{} mutations of {}: {} accepted, {} refused\n", count, argv[2], accepted, refused);
}
