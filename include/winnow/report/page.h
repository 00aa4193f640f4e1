// One sweep as one HTML page: self-contained, readable without scripts, no server and no downloads.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "winnow/report/claims.h"

namespace winnow::report {

// A quantity over epochs or rounds for one group of experiments: mean and sample standard deviation over their seeds.
struct Line {
  std::string name;                        // "proden"
  std::size_t n = 0;                       // runs
  std::vector<double> x, mean, deviation;  // epochs from 0, rounds from 1; deviation 0 for one run
  std::size_t colour = 0;                  // 0 to 7, the same for a row of the table in every chart
  std::size_t panel = 0;                   // the plot that it is drawn in, also the same in every chart
};

// All lines of all panels, on one scale: no panel has two lines of one colour.
struct Chart {
  std::string title, unit;  // "labels.rate 0.7", "accuracy in %"
  std::vector<Line> lines;
  std::string over = "epoch";  // what x counts
};

// One attempt at one stage.
struct Attempt {
  std::string label, identity, host, outcome;  // outcome: done, failed, lost, returned, running
  int number = 1;
  double begin = 0, end = 0;  // seconds since the epoch
  double device_memory = 0;   // bytes that it held at most of its GPU; 0: not known
};

// A GPU of the store's last run, as that saw it last.
struct Gpu {
  std::string host, name, unusable;                                          // unusable: why; empty: it is well
  double index = 0, memory = 0, used = 0, utilisation = 0, temperature = 0;  // bytes, percent, degrees Celsius
};

struct Failure {
  std::string label, identity, why, message,
      lines;  // the first line says what happened; `lines`: the trainer's last ones
  int attempt = 1;
  double time = 0;
  bool recovered = false;  // a later attempt was done
};

// What waits, and why, in words: "12 stages", "for a free slot".
struct Waiting {
  std::string what, why;
};

// A method of the sweep that is a program of its user's: whose code computed the rows that bear its name.
struct PageProgram {
  std::string method, preset, command, files, fingerprint;  // "mine", "presets/methods/mine.toml", "sh mine.sh"
};

struct Page {
  std::string name, question, sweep_file, store;
  std::size_t planned = 0, done = 0;  // experiments
  std::vector<Judgement> claims;
  std::vector<Table> tables;
  std::vector<std::pair<std::string, std::string>> figures;  // title and SVG, from the statistics
  std::vector<Chart> learning, selection, rounds;
  std::vector<Attempt> attempts;
  double gpu_seconds = 0, gpu_seconds_in_vain = 0;  // of one GPU; of these, of attempts without a result
  std::vector<Gpu> gpus;
  std::string gpus_seen;  // when
  std::vector<Failure> failures;
  std::vector<Waiting> waiting;
  std::string waiting_seen;  // whose words these are and when, as a sentence
  std::vector<PageProgram> programs;
  std::vector<std::string> notes;
};

std::string render_html(const Page&);

// Curves of a table's rows, one chart a column: the table's metric; where stages select, precision, recall and F1 of
// the selection, and how many classes have no selected sample, where some have none; where a recipe labels in rounds,
// precision and coverage of the labels of each. All rows are drawn, at most eight in a panel. Reads the runs of the
// experiments and of the stages before them.
void add_curves(Page&, const Table&, const sweep::Plan&, store::RunReader&);
void add_curves(Page&, const Table&, const sweep::Plan&, const store::Store&);

}  // namespace winnow::report
