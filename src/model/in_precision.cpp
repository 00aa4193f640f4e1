#include "in_precision.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace winnow::model {

namespace {

// Switches autocast on for its lifetime. The cache of cast weights is dropped at the end: weights change between
// forwards.
class Autocast {
 public:
  Autocast(at::DeviceType device, at::ScalarType type)
      : device_(device), was_(at::autocast::is_autocast_enabled(device)),
        type_(at::autocast::get_autocast_dtype(device)) {
    at::autocast::set_autocast_dtype(device_, type);
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, was_);
    at::autocast::set_autocast_dtype(device_, type_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_;
  at::ScalarType type_;
};

}  // namespace

at::Tensor in_precision(Precision precision, c10::Device device, at::ScalarType stated,
                        const std::function<at::Tensor()>& rows) {
  if (precision == Precision::as_stated) return rows();
  if (precision == Precision::fp16_pure) return rows().to(stated);
  Autocast autocast(device.type(), precision == Precision::bf16 ? at::kBFloat16 : at::kHalf);
  return rows().to(stated);
}

}  // namespace winnow::model
