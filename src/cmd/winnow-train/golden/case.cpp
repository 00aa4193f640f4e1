#include "golden/case.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"
#include "winnow/device/transfer.h"
#include "winnow/model/snapshot.h"

namespace winnow::golden {

namespace {

const Value& field(const Value& json, const char* key, const Path& file) {
  if (!json.is_object() || !json.contains(key)) throw DataError(fmt::format("{}: '{}' is missing", file.string(), key));
  return json[key];
}

}  // namespace

Case::Case(const Path& file, c10::Device device)
    : name_(file.stem().string()), folder_(file.parent_path()), device_(device) {
  Value json = Value::parse(read_file(file), nullptr, false);
  if (json.is_discarded()) throw DataError(fmt::format("{} is not JSON", file.string()));
  try {
    kind_ = field(json, "kind", file).get<std::string>();
    subject_ = field(json, "subject", file).get<std::string>();
    raw_ = json.value("config", Value::object());
    config_ = Settings(flatten(raw_));
    const Value& tolerance = field(json, "tolerance", file);
    absolute_ = tolerance.value("abs", 0.0);
    relative_ = tolerance.value("rel", 0.0);
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", file.string(), error.what()));
  }
  Path data = Path(file).replace_extension(".safetensors");
  if (!std::filesystem::exists(data)) return;  // cases about errors bring no tensors
  SafeTensors tensors(data);
  for (const auto& [name, tensor] : tensors.tensors()) {
    auto keep = tensors.mapping();
    tensors_[name] = at::from_blob(
                         const_cast<std::byte*>(tensor.bytes.data()), tensor.shape, [keep](void*) {},
                         at::TensorOptions(model::scalar_type(tensor.dtype)))
                         .clone();
  }
}

const Value& Case::raw(const std::string& key) {
  for (const auto& [flat, value] : config_.all())
    if (flat == key || flat.starts_with(key + ".")) marked_.insert(flat);
  if (!raw_.contains(key)) throw DataError(fmt::format("{}: config.{} is missing", name_, key));
  return raw_[key];
}

at::ScalarType Case::precision() const {
  std::string name = config_.has("dtype") ? config_.text("dtype") : "float64";
  if (name == "float64") return at::kDouble;
  if (name == "float32") return at::kFloat;
  throw DataError(fmt::format("{}: dtype '{}' is neither float32 nor float64", name_, name));
}

const at::Tensor& Case::tensor(const std::string& name) const {
  auto found = tensors_.find(name);
  if (found == tensors_.end()) throw DataError(fmt::format("{}: no tensor '{}'", name_, name));
  return found->second;
}

at::Tensor Case::on_device(const std::string& name) const { return device::to_device(tensor(name), device_); }

std::map<std::string, at::Tensor> Case::below_on_device(const std::string& prefix, at::ScalarType type) const {
  std::map<std::string, at::Tensor> result = below(prefix, type);
  for (auto& [name, tensor] : result) tensor = device::to_device(tensor, device_);
  return result;
}

std::map<std::string, at::Tensor> Case::below(const std::string& prefix, at::ScalarType type) const {
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, tensor] : tensors_)
    if (name.starts_with(prefix))
      result[name.substr(prefix.size())] = tensor.is_floating_point() ? tensor.to(type) : tensor;
  return result;
}

void Case::compare(const std::string& name, const at::Tensor& value) {
  if (!expects(name)) return;
  compared_.insert("out." + name);
  const at::Tensor& want = tensors_.at("out." + name);
  at::Tensor got = device::to_host(value.detach());
  if (got.numel() != want.numel() ||
      (got.dim() > 1 && want.dim() > 1 && got.squeeze().sizes() != want.squeeze().sizes()))
    return wrong(fmt::format("{} has shape [{}], expected [{}]", name, fmt::join(got.sizes(), ", "),
                             fmt::join(want.sizes(), ", ")));
  got = got.reshape(want.sizes());
  bool levels = kind_ == "transform" && want.scalar_type() == at::kByte && got.scalar_type() == at::kByte;
  if (!want.is_floating_point() && !levels) {
    auto differing = (got.to(at::kDouble) != want.to(at::kDouble)).sum().item<std::int64_t>();
    if (differing) wrong(fmt::format("{} differs in {} of {} places", name, differing, want.numel()));
    return;
  }
  if (want.numel() == 0) return;
  at::Tensor error = (got.to(at::kDouble) - want.to(at::kDouble)).abs();
  at::Tensor allowed = absolute_ + relative_ * want.to(at::kDouble).abs();
  double largest = error.max().item<double>();
  if (!(largest_ >= largest)) largest_ = largest;
  if (!(error <= allowed).all().item<bool>()) wrong(fmt::format("{} off by {:.2g}", name, largest));  // NaN is off, too
}

std::vector<std::string> Case::not_compared() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors_)
    if (name.starts_with("out.") && !compared_.count(name)) names.push_back(name.substr(4));
  return names;
}

std::vector<std::string> Case::verdict() const {
  std::vector<std::string> result = faults_;
  for (const std::string& name : not_compared()) result.push_back(name + " was not computed");
  std::set<std::string> read = config_.read();
  for (const auto& [key, value] : config_.all())
    if (!read.count(key) && !marked_.count(key)) result.push_back("config." + key + " was not read");
  if (compared_.empty() && !failed_as_expected_ && result.empty()) result.push_back("nothing was compared");
  return result;
}

}  // namespace winnow::golden
