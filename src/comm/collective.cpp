#include "winnow/comm/collective.h"

#include <ATen/ATen.h>

#include <vector>

namespace winnow::comm {

Slice slice_of(std::int64_t count, int rank, int size) { return {count * rank / size, count * (rank + 1) / size}; }

at::Tensor room_for_rows(const at::Tensor& mine, std::int64_t count) {
  std::vector<std::int64_t> shape = mine.sizes().vec();
  shape[0] = count;
  return at::empty(shape, mine.options());
}

bool agree(Collective& collective, bool value) {
  collective.broadcast(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string agree(Collective& collective, std::string text) {
  std::uint64_t size = text.size();
  collective.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  text.resize(size);
  collective.broadcast(std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace winnow::comm
