#include "forbidden_waits.h"

#include <fmt/format.h>

#include <string_view>

#include "winnow/comm/cuda_module.h"
#include "winnow/core/error.h"
#include "winnow/train/scopes.h"

namespace winnow::cmd {

namespace {

using namespace train;

// Scopes of one thread: the one that computes stages.
thread_local int depth = 0;

bool is_computing(std::string_view name) {
  return name == scope::forward || name == scope::loss || name == scope::module || name == scope::backward ||
         name == scope::optimiser;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (is_computing(function.name()) && depth++ == 0) comm::cuda_module().forbid_waits(true);
  return nullptr;
}

void end(const at::RecordFunction& function, at::ObserverContext*) {
  if (is_computing(function.name()) && --depth == 0) comm::cuda_module().forbid_waits(false);
}

}  // namespace

ForbiddenWaits::ForbiddenWaits(c10::Device device) {
  if (!device.is_cuda())
    throw UsageError(fmt::format("--forbid-waits: the host waits for GPUs alone, this stage computes on {}",
                                 device.is_cpu() ? "the CPU" : device.str()));
  handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
}

ForbiddenWaits::~ForbiddenWaits() { at::removeCallback(handle_); }

}  // namespace winnow::cmd
