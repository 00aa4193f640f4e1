#include "winnow/comm/collective.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "arguments.h"
#include "winnow/core/error.h"

namespace winnow::comm {

Slice slice_of(std::int64_t count, int rank, int size) {
  if (count < 0 || rank < 0 || rank >= size)
    throw InternalError(fmt::format("no slice of {} rows for process {} of {}", count, rank, size));
  return {count * rank / size, count * (rank + 1) / size};
}

at::Tensor room_for_rows(const at::Tensor& mine, std::int64_t count) {
  if (mine.dim() == 0) throw InternalError("a tensor without dimensions has no rows");
  std::vector<std::int64_t> shape = mine.sizes().vec();
  shape[0] = count;
  return at::empty(shape, mine.options());
}

void require_slice(const at::Tensor& mine, std::int64_t count, const Collective& gang) {
  std::int64_t wanted = slice_of(count, gang.rank(), gang.size()).size();
  if (mine.dim() == 0 || mine.size(0) != wanted)
    throw InternalError(fmt::format("process {} of {} gathers {} of {} rows, and has [{}]", gang.rank(), gang.size(),
                                    wanted, count, fmt::join(mine.sizes(), ", ")));
}

void require_in_place(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_contiguous())
    throw InternalError("a collective in place on a tensor that is not contiguous");
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
