// What every implementation refuses before it sends anything: InternalError.
#pragma once

#include "winnow/comm/collective.h"

namespace winnow::comm {

void require_slice(const at::Tensor& mine, std::int64_t count, const Collective&);
void require_in_place(const at::Tensor&);  // contiguous

}  // namespace winnow::comm
