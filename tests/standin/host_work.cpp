#include <ATen/record_function.h>

#include <memory>
#include <mutex>

#include "standin.h"

namespace standin {

namespace {

struct HostCounts {
  std::mutex mutex;
  std::map<std::string, std::int64_t> operators;
};

HostCounts& counts() {
  static auto* all = new HostCounts;
  return *all;
}

bool is_large(const at::Tensor& tensor) { return tensor.defined() && tensor.is_cpu() && tensor.numel() > 1; }

std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
  if (in_kernel()) return nullptr;
  for (const c10::IValue& value : function.inputs()) {
    bool hosts = value.isTensor() && is_large(value.toTensor());
    if (value.isTensorList())
      for (const at::Tensor& tensor : value.toTensorVector()) hosts = hosts || is_large(tensor);
    if (!hosts) continue;
    std::lock_guard lock(counts().mutex);
    ++counts().operators[function.name()];
    break;
  }
  return nullptr;
}

}  // namespace

HostWork::HostWork()
    : handle_(at::addGlobalCallback(
          at::RecordFunctionCallback(&count).needsInputs(true).scopes({at::RecordScope::FUNCTION}))) {
  std::lock_guard lock(counts().mutex);
  counts().operators.clear();
}

HostWork::~HostWork() { at::removeCallback(handle_); }

std::map<std::string, std::int64_t> HostWork::operators() const {
  std::lock_guard lock(counts().mutex);
  return counts().operators;
}

}  // namespace standin
