#include "winnow/method/method.h"

#include <ATen/ATen.h>

#include "winnow/method/chunks.h"

namespace winnow::method {

std::int64_t Rows::size() const {
  std::int64_t rows = 0;
  for (const auto& [view, ids] : parts) rows += ids.size();
  return rows;
}

Tensor Pass::of_all(const std::function<Tensor(const Ids&)>& rows) const {
  std::vector<Tensor> pieces;
  for_each_chunk(size(), device(), [&](const Ids& ids) { pieces.push_back(rows(ids)); });
  return at::cat(pieces);
}

}  // namespace winnow::method
