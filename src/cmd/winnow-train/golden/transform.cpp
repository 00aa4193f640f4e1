// kind = transform: decoding, and operations on images with their parameters given.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/view/apply.h"

namespace winnow::golden {

namespace {

void run_decode(Case& c) {
  const Settings& config = c.config();
  if (!c.raw("params").empty()) c.wrong("decoding takes no params");
  for (const char* about : {"mode", "note", "orientation"})  // what the file is, for readers
    if (config.has(about)) c.mark_read(about);
  bool must_fail = config.has("expect") && config.text("expect") == "error";
  Path file = c.folder() / config.text("file");
  if (!std::filesystem::exists(file)) throw DataError(fmt::format("{} is not there", file.string()));
  try {
    at::Tensor image = view::to_tensor(data::read_image(file));
    if (must_fail) return c.wrong("decoded what must fail");
    c.compare("image", image);
  } catch (const DataError& error) {
    if (!must_fail) throw;
    c.failed_as_expected();
  }
}

// The steps that a subject and its params stand for.
std::vector<view::Step> steps_of(Case& c) {
  if (c.subject() == "preprocess") {
    Path file = c.folder() / c.config().text("snapshot") / "preprocessor_config.json";
    if (!c.raw("params").empty()) c.wrong("preprocessing takes no params");
    return view::parse_preprocessor(Value::parse(read_file(file), nullptr, false), file.string());
  }
  Value params = c.raw("params");
  if (c.subject() == "pipeline") {
    if (!params.is_object() || params.size() != 1 || !params.contains("steps"))
      throw DataError("a pipeline's params are its steps");
    return view::parse_steps(params["steps"], c.name());
  }
  if (c.subject() != "randaugment") params["op"] = c.subject();
  return view::parse_step(params, c.name());
}

}  // namespace

void run_transform(Case& c) {
  if (c.subject() == "decode") return run_decode(c);
  at::Tensor result =
      view::apply(c.on_device("in.image").unsqueeze(0), steps_of(c), at::TensorOptions(at::kFloat).device(c.device()))
          .squeeze(0);
  c.compare(result.is_floating_point() ? "pixels" : result.dim() == 4 ? "images" : "image", result);
}

}  // namespace winnow::golden
