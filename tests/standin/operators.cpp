#include "operators.h"

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <string>

#include "counters.h"
#include "cuda_rules.h"
#include "host_views.h"
#include "memory.h"

namespace standin {

namespace {

using at::Tensor;
constexpr auto kDevice = c10::DeviceType::PrivateUse1;

std::string name_of(const c10::OperatorName& name) {
  std::string plain = name.name.substr(name.name.find("::") + 2);
  return name.overload_name.empty() ? plain : plain + "." + name.overload_name;
}

bool is_index(const std::string& name) {
  return name.starts_with("index.") || name.starts_with("index_put") || name.starts_with("_index_put") ||
         name.starts_with("_unsafe_index");
}

bool is_mask(const Tensor& tensor) { return tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte; }

// One call of an operator, by the CPU's kernel over the same memory.
class Call {
 public:
  Call(const c10::OperatorHandle& op, torch::jit::Stack* stack)
      : op_(op), stack_(stack), name_(name_of(op.operator_name())) {}

  void run() {
    require_allowed();
    count_operator(name_);
    take_arguments();
    bool indexed = is_index(name_);
    if (masked_ || (!indexed && op_.hasTag(at::Tag::dynamic_output_shape))) count_wait(&Waits::shapes, name_);
    if (op_.hasTag(at::Tag::data_dependent_output)) count_wait(&Waits::values, name_);
    {
      InKernel now;
      at::AutoDispatchBelowADInplaceOrView below;
      op_.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack_);
    }
    views_.settle();
    give_results();
  }

 private:
  void require_allowed() const {
    TORCH_CHECK(has_cuda_kernel(name_), "stand-in device: CUDA has no kernel for ", name_);
    bool draws = op_.hasTag(at::Tag::nondeterministic_seeded) && !name_.starts_with("_scaled_dot_product") &&
                 name_ != "_fused_sdp_choice";  // they are tagged for their dropout
    TORCH_CHECK(!draws, "stand-in device: ", name_, " draws from a generator of torch's");
  }

  Tensor meet(const Tensor& tensor, const c10::Argument& argument) {
    if (!tensor.defined()) return tensor;
    if (tensor.device().type() == kDevice) {
      bool integer_product =
          multiplies_matrices(name_) && c10::isIntegralType(tensor.scalar_type(), /*includeBool=*/true);
      TORCH_CHECK(!integer_product, "stand-in device: CUDA has no ", name_, " of ", tensor.scalar_type());
      TORCH_CHECK(!where_ || *where_ == tensor.device(), "stand-in device: ", name_, " got tensors on ", *where_,
                  " and on ", tensor.device(), " (", argument.name(), ")");
      where_ = tensor.device();
      return views_.host(tensor);
    }
    bool written = argument.alias_info() && argument.alias_info()->isWrite();
    bool scalar = tensor.dim() == 0 && tensor.is_cpu() && !written &&
                  (tensor.unsafeGetTensorImpl()->is_wrapped_number() || may_meet_host_scalar(name_));
    TORCH_CHECK(scalar, "stand-in device: expected all tensors on one device, but ", name_, " got '", argument.name(),
                "' (", tensor.sizes(), ") on ", tensor.device());
    return tensor;
  }

  void take_arguments() {
    const auto& arguments = op_.schema().arguments();
    const std::size_t first = stack_->size() - arguments.size();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      c10::IValue& value = (*stack_)[first + i];
      if (value.isTensor()) {
        value = meet(value.toTensor(), arguments[i]);
      } else if (value.isTensorList()) {
        c10::List<Tensor> list;
        for (const Tensor& tensor : value.toTensorVector()) list.push_back(meet(tensor, arguments[i]));
        value = std::move(list);
      } else if (value.isOptionalTensorList()) {
        c10::List<std::optional<Tensor>> list;
        for (const std::optional<Tensor>& tensor : value.toOptionalTensorVector()) {
          bool there = tensor && tensor->defined();
          masked_ = masked_ || (there && is_index(name_) && is_mask(*tensor));
          list.push_back(there ? std::optional(meet(*tensor, arguments[i])) : std::nullopt);
        }
        value = std::move(list);
      } else if (value.isDevice()) {
        if (value.toDevice().type() == kDevice) where_ = value.toDevice();
        value = c10::Device(c10::DeviceType::CPU);
      } else {
        TORCH_CHECK(!value.isStorage(), "stand-in device: ", name_, " takes a storage");
      }
    }
  }

  void give_results() {
    c10::Device target = where_.value_or(c10::Device(kDevice, current_device()));
    for (std::size_t i = stack_->size() - op_.schema().returns().size(); i < stack_->size(); ++i) {
      c10::IValue& value = (*stack_)[i];
      if (value.isTensor()) {
        value = views_.device(value.toTensor(), target);
      } else if (value.isTensorList()) {
        c10::List<Tensor> list;
        for (const Tensor& tensor : value.toTensorVector()) list.push_back(views_.device(tensor, target));
        value = std::move(list);
      }
    }
  }

  const c10::OperatorHandle& op_;
  torch::jit::Stack* stack_;
  std::string name_;
  HostViews views_;
  std::optional<c10::Device> where_;
  bool masked_ = false;  // a mask is an index: the result's shape depends on its values
};

void run(const c10::OperatorHandle& op, torch::jit::Stack* stack) { Call(op, stack).run(); }

void refuse(const c10::OperatorHandle& op, torch::jit::Stack*) {
  TORCH_CHECK(false, "stand-in device: no kernel for ", name_of(op.operator_name()));
}

// The few that are no kernels of the CPU's.

Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
             std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  c10::DeviceGuard guard(c10::device_or_default(device));
  return Tensor(at::detail::empty_generic(size, &device_memory(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                          c10::dtype_or_default(type), format));
}

Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
                     std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
  c10::DeviceGuard guard(c10::device_or_default(device));
  return Tensor(at::detail::empty_strided_generic(
      size, stride, &device_memory(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(type)));
}

Tensor copy_from(const Tensor& from, const Tensor& to, bool non_blocking) {
  bool in = from.is_cpu(), out = to.is_cpu();
  if (in && !(non_blocking && is_pinned(from.const_data_ptr())))
    count_wait(&Waits::copies_in, "copy_ (host to device)");
  if (in) count_upload(from.nbytes());
  if (out) count_wait(&Waits::copies_out, "copy_ (device to host)");
  HostViews views;
  InKernel now;
  at::AutoDispatchBelowADInplaceOrView below;
  Tensor target = out ? to : views.host(to);
  target.copy_(in ? from : views.host(from));
  return to;
}

at::Scalar read(const Tensor& tensor) {
  count_wait(&Waits::values, "item()");
  HostViews views;
  InKernel now;
  at::AutoDispatchBelowADInplaceOrView below;
  return views.host(tensor).item();
}

// Taken as wholes, not by their kernels for the CPU: their composite kernels would look for a backend.
constexpr const char* kWhole[] = {"convolution", "convolution_backward"};
constexpr std::string_view kWritten[] = {"empty.memory_format", "empty_strided", "_copy_from", "_copy_from_and_resize",
                                         "_local_scalar_dense"};

}  // namespace

void register_operators() {
  static torch::Library library(torch::Library::IMPL, "aten", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_local_scalar_dense", &read);
  auto boxed = [] { return torch::CppFunction::makeFromBoxedFunction<&run>(); };
  for (const char* name : kWhole) library.impl(name, boxed());
  // One by one: a fallback alone would lose to composite kernels (layer_norm would be another formula).
  for (const c10::OperatorName& name :
       c10::Dispatcher::singleton().getRegistrationsForDispatchKey(c10::DispatchKey::CPU)) {
    if (!name.name.starts_with("aten::")) continue;
    std::string plain = name_of(name);
    if (std::find(std::begin(kWritten), std::end(kWritten), plain) == std::end(kWritten))
      library.impl(plain.c_str(), boxed());
  }
  static torch::Library others(torch::Library::IMPL, "_", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  others.fallback(torch::CppFunction::makeFromBoxedFunction<&refuse>());
  register_autocast();
}

}  // namespace standin
