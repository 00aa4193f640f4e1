// What a stage computed, as values; and its digest.
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/store/labelled_samples.h"
#include "winnow/store/run_file.h"

namespace winnow::store {

namespace {

// Every part goes in with its length before it, so that no two different contents are the same sequence of bytes.
class ResultHasher {
 public:
  void number(std::uint64_t value) { hasher_.add(std::as_bytes(std::span(&value, 1))); }
  void text(std::string_view value) {
    number(value.size());
    hasher_.add(value);
  }
  template <class T>
  void values(const std::vector<T>& list) {
    number(list.size());
    hasher_.add(std::as_bytes(std::span(list)));
  }
  void column(const Column& column) {
    text(column.name);
    number(column.values.index());
    std::visit([&](const auto& list) { values(list); }, column.values);
  }
  Hash128 digest() const { return hasher_.digest(); }

 private:
  Hasher hasher_;
};

}  // namespace

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::u8: return 1;
    case DType::f32: return 4;
    case DType::i64:
    case DType::f64: return 8;
  }
  throw InternalError("a dtype outside its closed list");
}

std::size_t Array::count() const {
  std::size_t product = 1;
  for (std::size_t extent : shape) product *= extent;
  return product;
}

Hash128 RunContent::result_digest() const { return result_digest(stage.identity()); }

Hash128 RunContent::result_digest(const Identity& identity) const {
  ResultHasher result;
  result.text(identity.hex());
  result.number(tables.size());
  for (const auto& [name, table] : tables) {
    result.text(name);
    result.number(table.size());
    for (const Column& column : table) result.column(column);
  }
  result.number(arrays.size() - arrays.count(kLabelledSamples));
  for (const auto& [name, array] : arrays) {
    if (name == kLabelledSamples) continue;
    result.text(name);
    result.number(static_cast<std::uint64_t>(array.dtype));
    result.values(std::vector<std::uint64_t>(array.shape.begin(), array.shape.end()));
    result.values(array.bytes);
  }
  result.number(texts.size());
  for (const auto& [name, text] : texts) {
    result.text(name);
    result.text(text);
  }
  return result.digest();
}

}  // namespace winnow::store
