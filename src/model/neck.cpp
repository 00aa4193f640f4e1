#include "winnow/model/neck.h"

#include <ATen/ATen.h>

#include <cmath>

#include "winnow/model/normalise.h"
#include "winnow/model/random_tensor.h"

namespace winnow::model {

namespace {

class Neck final : public Module {
 public:
  Neck(const ModulePlace& place, std::int64_t columns)
      : w1_(weight(place, "w1", place.features)), b1_(bias(place, "b1", place.features)),
        w2_(weight(place, "w2", columns)), b2_(bias(place, "b2", columns)) {}

  std::int64_t width() const override { return w2_->value.size(0); }

  at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override {
    return normalise_or_zero(at::linear(at::relu(at::linear(inputs.at(0), w1_->use, b1_->use)), w2_->use, b2_->use));
  }

 private:
  Parameter* weight(const ModulePlace& place, const std::string& part, std::int64_t rows) {
    return add(place, part, [&](const Streams& s) { return uniform_rows(rows, place.features, bound(place), s); });
  }
  Parameter* bias(const ModulePlace& place, const std::string& part, std::int64_t rows) {
    return add(place, part, [&](const Streams& s) { return uniform_rows(rows, 1, bound(place), s).squeeze(1); });
  }
  Parameter* add(const ModulePlace& place, const std::string& part,
                 const std::function<at::Tensor(const Streams&)>& make) {
    return weights_.add(place.name + "." + part, place.initial(part, make), true);
  }
  static double bound(const ModulePlace& place) { return 1 / std::sqrt(static_cast<double>(place.features)); }

  Parameter *w1_, *b1_, *w2_, *b2_;
};

}  // namespace

ModuleMaker neck(std::int64_t columns) {
  return [columns](const ModulePlace& place) -> std::unique_ptr<Module> {
    return std::make_unique<Neck>(place, columns ? columns : place.features);
  };
}

}  // namespace winnow::model
