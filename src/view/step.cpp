#include "winnow/view/step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "winnow/core/error.h"

namespace winnow::view {

namespace {

const std::vector<std::pair<Op, std::string_view>> kNames = {
    {Op::identity, "identity"},
    {Op::hflip, "hflip"},
    {Op::brightness, "brightness"},
    {Op::contrast, "contrast"},
    {Op::saturation, "saturation"},
    {Op::sharpness, "sharpness"},
    {Op::hue, "hue"},
    {Op::grayscale, "grayscale"},
    {Op::gaussian_blur, "gaussian_blur"},
    {Op::autocontrast, "autocontrast"},
    {Op::equalize, "equalize"},
    {Op::posterize, "posterize"},
    {Op::solarize, "solarize"},
    {Op::shear_x, "shear_x"},
    {Op::shear_y, "shear_y"},
    {Op::translate_x, "translate_x"},
    {Op::translate_y, "translate_y"},
    {Op::rotate, "rotate"},
};

// One step's object, read key by key: an unread key is an error.
class Fields {
 public:
  Fields(const Value& step, const std::string& where) : step_(step), where_(where) {
    if (!step.is_object() || !step.contains("op") || !step["op"].is_string())
      throw UsageError(fmt::format("{}: a step is an object with an operation 'op', got {}", where, step.dump()));
    name_ = take("op").get<std::string>();
  }

  const std::string& name() const { return name_; }
  bool has(const char* key) const { return step_.contains(key); }

  double real(const char* key) {
    const Value& value = take(key);
    if (!value.is_number()) refuse(key, "a number", value);
    return value.get<double>();
  }
  double real_in(const char* key, double low, double high) {
    double value = real(key);
    if (!(value >= low && value <= high))
      refuse(key, fmt::format("a number in [{}, {}]", low, high).c_str(), step_[key]);
    return value;
  }
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high = std::int64_t{1} << 31) {
    const Value& value = take(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
      refuse(key, fmt::format("an integer in [{}, {}]", low, high).c_str(), value);
    return value.get<std::int64_t>();
  }
  Size size(const char* key = "size") {
    const Value& value = take(key);
    if (value.is_number_integer() && positive(value)) return {value.get<std::int64_t>(), value.get<std::int64_t>()};
    if (!value.is_array() || value.size() != 2 || !positive(value[0]) || !positive(value[1]))
      refuse(key, "[height, width]", value);
    return {value[0].get<std::int64_t>(), value[1].get<std::int64_t>()};
  }
  Colour colour(const char* key) {
    const Value& value = take(key);
    auto level = [](const Value& v) {
      return v.is_number_integer() && v.get<std::int64_t>() >= 0 && v.get<std::int64_t>() <= 255;
    };
    if (level(value)) return {value.get<std::uint8_t>(), value.get<std::uint8_t>(), value.get<std::uint8_t>()};
    if (!value.is_array() || value.size() != 3 || !std::all_of(value.begin(), value.end(), level))
      refuse(key, "three levels of 0..255", value);
    return {value[0].get<std::uint8_t>(), value[1].get<std::uint8_t>(), value[2].get<std::uint8_t>()};
  }
  std::vector<double> three(const char* key) {
    const Value& value = take(key);
    auto number = [](const Value& v) { return v.is_number(); };
    if (!value.is_array() || value.size() != 3 || !std::all_of(value.begin(), value.end(), number))
      refuse(key, "three numbers", value);
    return value.get<std::vector<double>>();
  }
  data::Filter filter() {
    const Value& value = take("interpolation");
    if (!value.is_string()) refuse("interpolation", "a name", value);
    return data::parse_filter(value.get<std::string>());
  }
  const Value& take(const char* key) {
    if (!step_.contains(key))
      throw UsageError(fmt::format("{}: {}: '{}' is missing", where_, name_.empty() ? "step" : name_, key));
    taken_.insert(key);
    return step_[key];
  }
  [[noreturn]] void refuse(const char* key, const char* wanted, const Value& got) const {
    throw UsageError(fmt::format("{}: {}: {} must be {}, got {}", where_, name_, key, wanted, got.dump()));
  }
  void done() const {
    std::vector<std::string> known(taken_.begin(), taken_.end());
    for (const auto& [key, value] : step_.items())
      if (!taken_.count(key))
        throw UsageError(fmt::format("{}: {}: unknown key '{}'{}", where_, name_, key, did_you_mean(key, known)));
  }

 private:
  static bool positive(const Value& value) {
    return value.is_number_integer() && value.get<std::int64_t>() > 0 &&
           value.get<std::int64_t>() < (std::int64_t{1} << 20);
  }
  const Value& step_;
  std::string where_, name_;
  std::set<std::string> taken_;
};

Resize parse_resize(Fields& fields) {
  Resize step;
  step.filter = fields.filter();
  // Pillow's resizing has no other way.
  if (fields.has("antialias"))
    if (const Value& value = fields.take("antialias"); value != true) fields.refuse("antialias", "true", value);
  if (fields.take("size").is_number()) step.side = fields.integer("size", 1, 1 << 20);
  else step.size = fields.size();
  return step;
}

data::Box parse_box(Fields& fields, std::int64_t lowest) {
  std::int64_t top = fields.integer("top", lowest), left = fields.integer("left", lowest);
  return {top, left, fields.integer("height", 1), fields.integer("width", 1)};
}

// In the order that was drawn; parts that the step does not name are left out.
std::vector<Step> parse_color_jitter(Fields& fields) {
  std::vector<Step> steps;
  const Value order = fields.take("order");
  if (!order.is_array()) fields.refuse("order", "a list of brightness, contrast, saturation, hue", order);
  std::set<std::string> seen;
  for (const Value& part : order) {
    std::string name = part.is_string() ? part.get<std::string>() : "";
    Op op = name == "brightness"   ? Op::brightness
            : name == "contrast"   ? Op::contrast
            : name == "saturation" ? Op::saturation
                                   : Op::hue;
    if (name != to_string(op) || !seen.insert(name).second)
      fields.refuse("order", "a list of brightness, contrast, saturation, hue", order);
    steps.push_back(
        Adjust{op, op == Op::hue ? fields.real_in("hue", -0.5, 0.5) : fields.real_in(name.c_str(), 0, 1e6)});
  }
  return steps;
}

// The operations with one number or none. Enhancements have a factor; RandAugment calls it the value.
Adjust parse_adjust(Op op, Fields& fields) {
  const char* factor = fields.has("factor") ? "factor" : "value";
  switch (op) {
    case Op::identity:
    case Op::autocontrast:
    case Op::equalize:
      if (fields.has("value")) fields.real("value");  // RandAugment draws one for these, too
      return {op};
    case Op::hflip: return {op};
    case Op::grayscale:
      if (fields.has("channels")) fields.integer("channels", 3, 3);
      return {op};
    case Op::gaussian_blur: return {op, fields.real_in("sigma", 0, 1000)};
    case Op::hue: return {op, fields.real_in(factor, -0.5, 0.5)};
    case Op::brightness:
    case Op::contrast:
    case Op::saturation:
    case Op::sharpness: return {op, fields.real_in(factor, 0, 1e6)};
    case Op::posterize: return {op, fields.real_in("value", 0, 8.999)};
    case Op::solarize: return {op, fields.real_in("value", 0, 256)};
    case Op::rotate: return {op, fields.real_in("value", -360, 360)};
    default: return {op, fields.real_in("value", -16, 16)};
  }
}

std::vector<std::string> known_operations() {
  std::vector<std::string> names = {"resize",   "crop",   "padded_crop", "resized_crop", "center_crop", "five_crop",
                                    "ten_crop", "cutout", "normalize",   "color_jitter", "color"};
  for (const auto& [op, name] : kNames) names.emplace_back(name);
  return names;
}

std::vector<Step> parse_fields(Fields& fields, const std::string& where) {
  const std::string& op = fields.name();
  if (op == "resize") return {parse_resize(fields)};
  if (op == "crop") return {Crop{parse_box(fields, -(1 << 20))}};
  if (op == "padded_crop") {
    PaddedCrop step;
    step.padding = fields.integer("padding", 0, 1 << 20);
    step.top = fields.integer("top", 0);
    step.left = fields.integer("left", 0);
    step.size = fields.size();
    if (fields.has("fill")) step.fill = fields.colour("fill");
    return {step};
  }
  if (op == "resized_crop") return {ResizedCrop{parse_box(fields, 0), fields.size(), fields.filter()}};
  if (op == "center_crop") return {CenterCrop{fields.size()}};
  if (op == "five_crop" || op == "ten_crop") return {Crops{fields.size(), op == "ten_crop"}};
  if (op == "cutout") {
    Cutout step{fields.real("center_x"), fields.real("center_y"), fields.real_in("fraction", 0, 1e3), {}};
    if (fields.has("fill")) step.fill = fields.colour("fill");
    return {step};
  }
  if (op == "normalize") {
    Normalisation normalisation{fields.three("mean"), fields.three("std")};
    for (double deviation : normalisation.deviation)
      if (!(deviation > 0)) fields.refuse("std", "positive", fields.take("std"));
    return {Normalize{normalisation}};
  }
  if (op == "color_jitter") return parse_color_jitter(fields);
  if (op == "color") return {parse_adjust(Op::saturation, fields)};
  for (const auto& [own, name] : kNames)
    if (op == name) return {parse_adjust(own, fields)};
  std::vector<std::string> known = known_operations();
  throw UsageError(fmt::format("{}: unknown operation '{}'{}; known: {}", where, op, did_you_mean(op, known),
                               fmt::join(known, ", ")));
}

}  // namespace

std::string_view to_string(Op op) {
  for (const auto& [own, name] : kNames)
    if (own == op) return name;
  throw InternalError("an operation without a name");
}

std::string name_of(const Step& step) {
  static const char* const names[] = {"adjust",      "resize", "crop",   "padded_crop", "resized_crop",
                                      "center_crop", "crops",  "cutout", "normalize"};
  if (auto adjust = std::get_if<Adjust>(&step)) return std::string(to_string(adjust->op));
  return names[step.index()];
}

std::vector<Step> parse_step(const Value& step, const std::string& where) {
  Fields fields(step, where);
  std::vector<Step> result = parse_fields(fields, where);
  fields.done();
  return result;
}

std::vector<Step> parse_steps(const Value& steps, const std::string& where) {
  if (!steps.is_array()) throw UsageError(fmt::format("{}: expected a list of steps, got {}", where, steps.dump()));
  std::vector<Step> result;
  for (const Value& step : steps)
    for (Step& own : parse_step(step, where)) result.push_back(std::move(own));
  return result;
}

}  // namespace winnow::view
