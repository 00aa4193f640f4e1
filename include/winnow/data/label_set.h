// Labels that people gave to a data set's training images: files labels/NAME.safetensors below its root, as
// launch/convert-labels writes them. One row a training sample, in the data set's order: `given` (N, I64), and `clean`
// (N, I64) where its source knows the true labels; or `candidates` (N x C, U8, zeros and ones), which may miss the true
// label. Or labels/NAME.json, given labels as the reference codes of synthetic noise keep them: a flat list of N whole
// numbers. docs/methods/partial-labels.md#1.5, docs/methods/noisy-labels.md#1.1, 1.3.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {

struct LabelSet {
  std::string fingerprint;  // hex; of the labels and of the data set that they are of
  bool candidates = false;  // sets of candidates; else one given label a sample
  double missing = 0;       // share of samples whose label or candidates are not, or miss, the data set's own
};

// What the labels must be of.
struct Labelled {
  const std::string& dataset;  // its name, for messages
  const std::string& fingerprint;
  std::span<const std::int64_t> labels;  // the data set's own, N
  std::int64_t classes;
};

// Checks all label files below the root and keeps copies of them in the cache folder, where trainers find them by
// fingerprint; by name. DataError naming file and sample for labels of another data set (its `clean`), another number
// of rows or classes, a label out of range, a sample without candidates, a file that is something else, or two files of
// one name.
std::map<std::string, LabelSet> keep_label_sets(const Path& root, const Labelled&);

// Below the root, sorted: "labels/worst.safetensors"; without hidden ones. DataError for a folder that cannot be
// listed.
std::vector<std::string> label_files(const Path& root);
// For people: files of arrays there that nothing reads (labels/worst.npy, worst.SAFETENSORS). Empty: none. What a data
// set itself keeps in a folder of this name, text files say, is no such file.
std::string note_on_other_label_files(const Path& root);
Path label_set_path(const std::string& fingerprint);
bool is_kept(const std::string& fingerprint, const std::string& dataset);  // whole and of this data set

// A kept one. DataError when it is not on this machine, was damaged, or is of another data set than `dataset` (its
// fingerprint).
class KeptLabels {
 public:
  KeptLabels(const std::string& fingerprint, const std::string& dataset);

  std::int64_t samples() const { return samples_; }
  std::int64_t classes() const { return classes_; }                         // of candidate sets
  std::span<const std::int64_t> given() const { return given_; }            // N; empty: candidate sets
  std::span<const std::uint8_t> candidates() const { return candidates_; }  // N x C

 private:
  SafeTensors file_;
  std::int64_t samples_ = 0, classes_ = 0;
  std::span<const std::int64_t> given_;
  std::span<const std::uint8_t> candidates_;
};

}  // namespace winnow::data
