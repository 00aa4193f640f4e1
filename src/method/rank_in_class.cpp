#include "winnow/method/rank_in_class.h"

#include <ATen/ATen.h>

namespace winnow::method {

at::Tensor rank_in_class(const at::Tensor& keys, const at::Tensor& labels, std::int64_t classes, Order direction) {
  // By key and then by label: the second sort keeps the order of the first.
  at::Tensor by_key = std::get<1>(keys.sort(/*stable=*/true, 0, direction == Order::falling));
  at::Tensor order =
      by_key.index_select(0, std::get<1>(labels.index_select(0, by_key).sort(/*stable=*/true, 0, false)));
  at::Tensor members = at::zeros({classes}, labels.options()).index_add_(0, labels, at::ones_like(labels));
  at::Tensor first = members.cumsum(0) - members;
  at::Tensor rank = at::arange(keys.size(0), labels.options()) - first.index_select(0, labels.index_select(0, order));
  return at::empty_like(rank).index_copy_(0, order, rank);
}

}  // namespace winnow::method
