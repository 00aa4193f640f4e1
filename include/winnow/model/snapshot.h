// Hugging Face snapshot folders: config.json, model.safetensors (or shards with an index), tokenizer files. Never a
// pickle. open_clip's folders (open_clip_config.json, open_clip_model.safetensors), too: they arrive in Hugging Face's
// form. timm's keep their names and get a preprocessor_config.json.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/text/snapshot_files.h"

namespace winnow::model {

struct Snapshot : text::SnapshotFiles {
  // As stored, on the host. Those of a folder are read-only mappings of its files: writing into one ends the process.
  // Towers take copies.
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string>
      unreadable;           // further ones, whose type torch does not have: name -> dtype. Minded where one is wanted
  bool sizes_only = false;  // a configuration without weights: towers get tensors without data, to be counted
};

// DataError for a missing folder or file, a folder with pickles only (says how to convert), a damaged container. Where
// a folder holds both forms, config.json wins, unless it is timm's: open_clip's has the texts, too.
Snapshot read_snapshot(const Path& folder);
void write_snapshot(const Path& folder, const Snapshot&);  // DeviceError; the folder is made

// Takes a snapshot's tensors by name, checks shapes, converts to the wanted precision, and knows what was not taken.
class TensorReader {
 public:
  TensorReader(const Snapshot& snapshot, at::ScalarType dtype) : snapshot_(snapshot), dtype_(dtype) {}

  bool has(const std::string& name) const {
    return snapshot_.tensors.count(name) != 0 || snapshot_.unreadable.count(name) != 0;
  }
  std::int64_t rows(const std::string& name) const;  // of a tensor that is there and has any; 0 otherwise
  // A copy in the wanted precision, on the host. DataError naming tensor, shape found and shape wanted; a type that is
  // none of weights; or the nearest name.
  at::Tensor take(const std::string& name, at::IntArrayRef shape);
  // The same checks, but the tensor itself, as stored.
  const at::Tensor& stored(const std::string& name, at::IntArrayRef shape);
  void ignore(const std::string& name) { taken_.insert(name); }
  // DataError that names tensors below these prefixes which were not taken.
  void expect_all_taken(const std::vector<std::string>& prefixes) const;

 private:
  const Snapshot& snapshot_;
  at::ScalarType dtype_;
  std::set<std::string> taken_;
};

// Bytes of a tensor and back, for containers. The tensor is made contiguous on the host.
std::string safetensors_dtype(at::ScalarType);
at::ScalarType scalar_type(const std::string& safetensors_dtype);  // DataError for one that torch does not have

}  // namespace winnow::model
