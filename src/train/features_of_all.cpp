#include "features_of_all.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "row_chunks.h"
#include "winnow/device/transfer.h"
#include "winnow/method/chunks.h"

namespace winnow::train {

at::Tensor features_of_all(model::Tower& tower, ImageSource& source, const std::string& split, const std::string& view,
                           std::int64_t epoch, comm::Collective& collective, std::int64_t chunk, Trial* trial,
                           KeptFeatures* kept) {
  at::NoGradGuard no_gradient;
  std::optional<Hash128> function;
  if (kept && collective.size() == 1) function = kept->function_of(tower, source);
  at::Tensor all = all_rows(source.size(split), method::kChunkRows, trial, [&](std::int64_t first, std::int64_t rows) {
    at::Tensor all_ids = at::arange(first, first + rows, at::TensorOptions(at::kLong));
    std::optional<RowsContent> content;
    if (function) content = source.content_of(split, view, all_ids, epoch);
    if (content)
      if (auto found = kept->read(*function, *content, rows, tower.width())) return *found;
    comm::Slice mine = comm::slice_of(rows, collective.rank(), collective.size());
    std::vector<at::Tensor> pieces;
    for (comm::Slice piece : row_chunks(mine, chunk)) {
      at::Tensor ids = all_ids.slice(0, piece.first, piece.last);
      pieces.push_back(tower.rows(source.inputs(split, view, ids, epoch)).features());
    }
    at::Tensor made = collective.gather_rows(pieces.size() == 1 ? pieces[0] : at::cat(pieces), rows);
    if (content) kept->keep(*function, *content, made);
    return made;
  });
  if (function) kept->settle();
  return device::to_host(all).to(at::kDouble);
}

}  // namespace winnow::train
