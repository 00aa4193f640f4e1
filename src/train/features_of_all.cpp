#include "features_of_all.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "row_chunks.h"
#include "winnow/device/transfer.h"
#include "winnow/method/chunks.h"

namespace winnow::train {

at::Tensor features_of_all(model::Tower& tower, ImageSource& source, const std::string& split, const std::string& view,
                           std::int64_t epoch, comm::Collective& collective, std::int64_t chunk, Trial* trial) {
  at::NoGradGuard no_gradient;
  at::Tensor all = all_rows(source.size(split), method::kChunkRows, trial, [&](std::int64_t first, std::int64_t rows) {
    comm::Slice mine = comm::slice_of(rows, collective.rank(), collective.size());
    std::vector<at::Tensor> pieces;
    for (comm::Slice piece : row_chunks(mine, chunk)) {
      at::Tensor ids = at::arange(first + piece.first, first + piece.last, at::TensorOptions(at::kLong));
      pieces.push_back(tower.rows(source.inputs(split, view, ids, epoch)).features());
    }
    return collective.gather_rows(pieces.size() == 1 ? pieces[0] : at::cat(pieces), rows);
  });
  return device::to_host(all).to(at::kDouble);
}

}  // namespace winnow::train
