// Data sets whose images are arrays of one size: idx files and CIFAR's binary records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/data/dataset.h"

namespace winnow::data {

struct Decoded {
  std::vector<std::int64_t> shape;  // N, H, W, channels
  std::vector<std::uint8_t> values;
  std::vector<std::int64_t> labels;
};

struct DecodedSet {
  std::vector<std::string> classes;
  Decoded train, test;
  std::vector<std::string> read;  // files below the root
  std::string fingerprint;        // of class names, shapes, pixels and labels
};

// DataError naming the file for what read_idx refuses, labels out of range, another number of labels than images, a
// CIFAR file whose length is no multiple of its records, other numbers than the preset expects.
DecodedSet decode_arrays(const Manifest&, const Path& root, const Progress&);
void write_decoded(const Path& cache, const DecodedSet&);

// The file as the manifest names it, or with ".gz" taken off or put on. DataError.
Path find_file(const Path& root, const std::string& name);

// CIFAR's binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of `label_bytes` labels and 3072 pixels
// in colour planes. `label_byte`: which of them counts (CIFAR-100: coarse, fine).
Decoded read_cifar(const std::vector<Path>& files, std::int64_t label_bytes, std::int64_t label_byte);

}  // namespace winnow::data
