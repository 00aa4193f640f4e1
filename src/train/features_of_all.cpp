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
    at::Tensor ids = at::arange(first, first + rows, at::TensorOptions(at::kLong));
    auto compute = [&] {
      std::vector<at::Tensor> pieces;
      for (comm::Slice piece : row_chunks(comm::slice_of(rows, collective.rank(), collective.size()), chunk))
        pieces.push_back(
            tower.rows(source.inputs(split, view, ids.slice(0, piece.first, piece.last), epoch)).features());
      return collective.gather_rows(pieces.size() == 1 ? pieces[0] : at::cat(pieces), rows);
    };
    std::optional<RowsContent> content;
    if (function) content = source.content_of(split, view, ids, epoch);
    return content ? kept->rows(*function, *content, rows, tower.width(), compute) : compute();
  });
  if (function) kept->settle();
  return device::to_host(all).to(at::kDouble);
}

}  // namespace winnow::train
