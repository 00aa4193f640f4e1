// Few-shot subsets that winnow did not draw: which training images of a data set are labelled, as CoOp's and PromptKD's
// users keep them (fewshot_{n}_{seed}.json: a JSON list of places in the training set). `winnow data shots` records one
// under a name, by which sweeps call it (data.shot_list). docs/methods/unsupervised.md#7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

struct ShotListRecord {
  std::string name, dataset;
  std::string dataset_fingerprint;  // of the data set's state that the places are of
  std::string fingerprint;          // hex; of the places and of that state
  std::int64_t images = 0;
};

// Places from 0, ascending. DataError naming `file` and the entry for what is no list of whole numbers, is not among
// `samples` training images, stands there twice, and for an empty list.
std::vector<std::int64_t> parse_shot_list(std::string_view json, const std::string& file, std::int64_t samples);

// Keeps the list in the cache folder. DataError as parse_shot_list; UsageError for a name that is no file name.
ShotListRecord record_shot_list(const std::string& name, const Record& dataset, const Path& file);

std::vector<ShotListRecord> recorded_shot_lists();  // by data set and name

// The places of a recorded list by its fingerprint, ascending. DataError where it is not on this machine or is damaged.
std::vector<std::int64_t> read_shot_list(const std::string& fingerprint);

}  // namespace winnow::data
