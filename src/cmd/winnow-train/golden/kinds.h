// What the kinds of golden cases compute: one file a kind, or one a group of its subjects. Each throws UsageError for a
// subject that it does not know.
#pragma once

#include <cstdint>

#include "golden/case.h"
#include "winnow/comm/collective.h"
#include "winnow/model/snapshot.h"

namespace winnow::golden {

struct Options {
  c10::Device device = at::kCPU;
  std::int64_t chunk = 0;            // rows that a tower computes at once
  comm::Collective* gang = nullptr;  // of the processes that run the cases together
};

void run_method(Case&, const Options&);  // through the stage executor
void run_loss(Case&);
void run_labels(Case&);
void run_selection(Case&);
void run_model(Case&);
void run_peft(Case&);
void run_tokenizer(Case&);
void run_metric(Case&);
void run_transform(Case&);

// The folder that config.snapshot names, or the weights that the case itself holds.
model::Snapshot snapshot_of(Case&);

}  // namespace winnow::golden
