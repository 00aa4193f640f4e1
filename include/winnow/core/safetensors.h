// The safetensors container (huggingface/safetensors, format 0.4): u64 little-endian header length, JSON header, raw
// row-major little-endian data. Weights, decoded caches and golden cases all use it. No tensor library here: bytes
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow {

struct SafeTensor {
  std::string dtype;  // "F32", "F64", "F16", "BF16", "I64", "I32", "U8", "BOOL", ...; or one that winnow does not know
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // into the mapping, or the caller's memory when writing
};

// Bytes of one element; 0 for an unknown dtype.
std::size_t safetensors_size(const std::string& dtype);

// A mapped file. Opening validates all of the header: length (at most 100 MB and inside the file), JSON, shapes,
// offsets inside the file, without overlap or gap, and that a tensor has the bytes of its shape and dtype. A dtype
// without a known size (F8_E4M3, ...) is no fault of the file: who wants such a tensor must refuse it. DataError names
// the file and the tensor. Copies share the mapping.
class SafeTensors {
 public:
  explicit SafeTensors(const Path&);

  const Path& path() const { return path_; }
  const std::map<std::string, SafeTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const SafeTensor& at(const std::string& name) const;  // DataError with the nearest name
  std::shared_ptr<const Mapping> mapping() const { return mapping_; }

 private:
  Path path_;
  std::shared_ptr<const Mapping> mapping_;
  std::map<std::string, SafeTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Writes the whole container (data 8-byte aligned, names sorted) to a file that must not exist yet, synced.
// DeviceError.
void write_safetensors(const Path&, const std::map<std::string, SafeTensor>&,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace winnow
