// Selections that winnow did not make: which training samples of a data set another program took for clean, as `winnow
// data masks` records them under a name. The detector `file` selects by them (detect.mask).
// docs/methods/noisy-labels.md#6.9.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

struct MaskRecord {
  std::string name, dataset;
  std::string fingerprint;  // hex; of the mask and of the data set that it is of
  std::int64_t samples = 0, kept = 0;
};

// A JSON list of true and false, or of 1 and 0, one a training sample in the data set's order. DataError naming
// `file` and the place in the list for anything else.
std::vector<double> parse_mask(std::string_view json, const std::string& file);

// Keeps a mask of zeros and ones in the cache folder. DataError where there is not one value for each training sample
// of the data set, where a value is neither 0 nor 1, and for a mask that keeps nothing; UsageError for a name that is
// no file name.
MaskRecord record_mask(const std::string& name, const Record& dataset, std::span<const double> values,
                       std::span<const std::size_t> shape);

std::vector<MaskRecord> recorded_masks();  // by data set and name

// N zeros and ones of a recorded mask. DataError where it is not on this machine, is damaged, or is of another data
// set than the one of fingerprint `dataset`.
std::vector<std::uint8_t> read_mask(const std::string& fingerprint, const std::string& dataset);

}  // namespace winnow::data
