#include "image_views.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/data/image.h"
#include "winnow/view/apply.h"
#include "winnow/view/in_parallel.h"

namespace winnow::train {

namespace {

at::Tensor decoded(const data::Split& split, std::int64_t sample) {
  return view::to_tensor(data::decode(split.file(sample), fmt::format("sample {} of the cache", sample)));
}

// The images of some samples, H x W x 3 each; grey ones become three equal channels.
std::vector<at::Tensor> images_of(const data::Split& split, const at::Tensor& samples) {
  std::vector<at::Tensor> result(static_cast<std::size_t>(samples.size(0)));
  const std::int64_t* ids = samples.const_data_ptr<std::int64_t>();
  if (!split.packed()) {
    at::Tensor all = view::images(split);
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = all[ids[i]].expand({split.height, split.width, 3}).contiguous();
    return result;
  }
  view::in_parallel(samples.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) result[static_cast<std::size_t>(i)] = decoded(split, ids[i]);
  });
  return result;
}

}  // namespace

ImageViews::ImageViews(const data::Pixels& pixels, view::Normalisation model, std::int64_t side, at::TensorOptions real,
                       const Declared& declared)
    : pixels_(pixels), model_(std::move(model)), own_(declared.own), side_(side), real_(real) {
  if (side_) views_["plain"] = view_of("plain", "model");
  for (const auto& [name, training] : declared.training) {
    View& view = views_[name] = view_of(training.pipeline, training.normalisation);
    view.index = training.index;
    view.seed = declared.seed;
  }
  if (declared.test) test_ = view_of(declared.test->pipeline, declared.test->normalisation);
  if (declared.ensemble.kind != "none") add_ensemble(declared.ensemble, declared.seed);
  if (declared.kept_beside.empty()) return;
  for (auto& [name, view] : views_) keep_beginning(view, declared.kept_beside);
  if (test_) keep_beginning(*test_, declared.kept_beside);
}

ImageViews::View ImageViews::view_of(const std::string& pipeline, const std::string& normalisation) const {
  View result;
  result.pipeline_name = pipeline;
  if (pipeline == "model" && own_.empty()) throw InternalError("a view 'model' without the model's own preprocessing");
  result.steps = pipeline;
  if (pipeline == "model") {  // each model's is its own
    result.pipeline = view::Pipeline::of(own_);
    view::Pipeline::Beginning whole = result.pipeline->beginning();
    result.steps = whole.steps.size() == own_.size() ? "model: " + whole.text : "";
  } else if (pipeline != "flip-crop") {
    result.pipeline = view::Pipeline::named(pipeline, side_);
  }
  result.normalisation = normalisation == "model" ? model_ : view::normalisation_named(normalisation);
  result.normalise.emplace(result.normalisation, real_);
  return result;
}

void ImageViews::add_ensemble(const Ensemble& ensemble, std::uint64_t seed) {
  View& view = ensemble_.emplace();
  view.steps = fmt::format("{} of {} + {}", ensemble.kind, side_, ensemble.expand);
  view.normalisation = test_ ? test_->normalisation : model_;
  view.normalise.emplace(view.normalisation, real_);
  view.seed = seed;
  if (ensemble.kind == "randaug") {
    view.pipeline_name = "rrc-flip";
    view.pipeline = view::Pipeline::named(view.pipeline_name, side_);
    members_ = ensemble.times;
    return;
  }
  view.pipeline_name = ensemble.kind;
  Value steps = {{{"op", "resize"}, {"size", side_ + ensemble.expand}, {"interpolation", "bilinear"}},
                 {{"op", ensemble.kind == "ten-crop" ? "ten_crop" : "five_crop"}, {"size", side_}}};
  view.pipeline = view::Pipeline::parse(steps, side_, fmt::format("views.ensemble = {}", ensemble.kind));
  members_ = ensemble.kind == "ten-crop" ? 10 : 5;
}

at::Tensor ImageViews::member_levels(const data::Split& split, const at::Tensor& samples, std::int64_t member) const {
  View own = *ensemble_;
  own.index = static_cast<std::uint64_t>(member);
  at::Tensor views = drawn(own, split, samples, /*epoch=*/0);
  return views.dim() == 5 ? views.select(1, member).contiguous() : views;
}

void ImageViews::keep_beginning(View& view, const Path& cache) const {
  if (!view.pipeline) return;
  view.beginning = view.pipeline->beginning();
  if (view.beginning.steps.empty()) return;
  auto kept = [&](const data::Split& split, const char* name) -> std::shared_ptr<data::KeptImages> {
    if (!split.packed()) return nullptr;
    std::string content = fmt::format("{} {}: {}", pixels_.fingerprint(), name, view.beginning.text);
    Path file = cache.parent_path() /
                fmt::format("{}-{}-{}.kept", cache.stem().string(), name, hash_of(content).hex().substr(0, 8));
    return std::make_shared<data::KeptImages>(file, content, split.samples,
                                              view.beginning.size.height * view.beginning.size.width * 3);
  };
  view.kept_train = kept(pixels_.train(), "train");
  view.kept_test = kept(pixels_.test(), "test");
}

// The images after the view's beginning, from where they are kept; those that are not there are made and kept.
std::vector<at::Tensor> ImageViews::begun(const View& own, const data::Split& split, const at::Tensor& samples) const {
  const data::KeptImages& kept = &split == &pixels_.train() ? *own.kept_train : *own.kept_test;
  std::vector<at::Tensor> result(static_cast<std::size_t>(samples.size(0)));
  const std::int64_t* ids = samples.const_data_ptr<std::int64_t>();
  auto pixels = [](const at::Tensor& image) {
    return std::span(image.data_ptr<std::uint8_t>(), static_cast<std::size_t>(image.numel()));
  };
  view::in_parallel(samples.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      at::Tensor& image = result[static_cast<std::size_t>(i)] =
          at::empty({own.beginning.size.height, own.beginning.size.width, 3}, at::kByte);
      if (kept.read(ids[i], pixels(image))) continue;
      image = view::apply(decoded(split, ids[i]).unsqueeze(0), own.beginning.steps, at::kFloat)[0].contiguous();
      kept.keep(ids[i], pixels(image));
    }
  });
  return result;
}

at::Tensor ImageViews::drawn(const View& own, const data::Split& split, const at::Tensor& samples,
                             std::int64_t epoch) const {
  bool kept = own.kept_train && split.packed();
  std::vector<at::Tensor> images = kept ? begun(own, split, samples) : images_of(split, samples);
  std::vector<std::vector<view::Step>> steps;
  const std::int64_t* ids = samples.const_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < images.size(); ++i) {
    Stream stream = view::view_stream(own.seed, own.pipeline_name, own.index, epoch, ids[i]);
    steps.push_back(own.pipeline->draw({images[i].size(0), images[i].size(1)}, stream));
    if (kept)
      steps.back().erase(steps.back().begin(),
                         steps.back().begin() + static_cast<std::ptrdiff_t>(own.beginning.steps.size()));
  }
  return view::apply_any_size(images, steps, at::kFloat);
}

std::vector<view::FlipCrop> ImageViews::drawn_flips(const View& own, const at::Tensor& samples,
                                                    std::int64_t epoch) const {
  std::vector<view::FlipCrop> drawn;
  const std::int64_t* ids = samples.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < samples.size(0); ++i)
    drawn.push_back(view::draw_flip_crop(own.seed, own.index, padding(), epoch, ids[i]));
  return drawn;
}

bool ImageViews::is_fixed(const std::string& split, const std::string& name) const {
  const View& own = view(split, name);
  if (ensemble_ && &own == &*ensemble_) return true;  // a member's views are those of epoch 0
  return own.pipeline && !own.pipeline->random();
}

std::string ImageViews::description(const std::string& split, const std::string& name) const {
  const View& own = view(split, name);
  if (own.steps.empty()) return {};
  std::string draws =
      own.pipeline && !own.pipeline->random() ? "" : fmt::format(", draws {} of seed {}", own.index, own.seed);
  return fmt::format("{} in {}{}, mean {}, deviation {}", own.steps, side_, draws,
                     fmt::join(own.normalisation.mean, " "), fmt::join(own.normalisation.deviation, " "));
}

bool ImageViews::is_flip_crop(const std::string& split, const std::string& name) const {
  return !view(split, name).pipeline && is_model_size(split_of(split));
}

at::Tensor ImageViews::stored(const std::string& split, const at::Tensor& samples) const {
  return view::images(split_of(split)).index_select(0, samples);
}

at::Tensor ImageViews::flip_crop_there(const std::string& split, const std::string& name, const at::Tensor& samples,
                                       std::int64_t epoch, const at::Tensor& images) const {
  return view::flip_crop(images, drawn_flips(view(split, name), samples, epoch), padding());
}

// Of images that have the model's size; others are made plain first.
at::Tensor ImageViews::flip_crop(const View& own, const data::Split& split, const at::Tensor& samples,
                                 std::int64_t epoch) const {
  std::int64_t pad = padding();
  std::vector<view::FlipCrop> drawn = drawn_flips(own, samples, epoch);
  if (is_model_size(split)) return view::flip_crop(view::images(split).index_select(0, samples), drawn, pad);
  std::vector<at::Tensor> images = images_of(split, samples);
  view::Pipeline plain = view::Pipeline::named("plain", side_);
  Stream unused = view::view_stream(0, "plain", 0, 0, 0);
  std::vector<std::vector<view::Step>> steps;
  for (const at::Tensor& image : images) steps.push_back(plain.draw({image.size(0), image.size(1)}, unused));
  at::Tensor sized = view::apply_any_size(images, steps, at::kFloat);
  return view::flip_crop(sized, drawn, pad);
}

const ImageViews::View& ImageViews::view(const std::string& split, const std::string& name) const {
  auto found = views_.find(name);
  if (found == views_.end()) throw InternalError(fmt::format("no view '{}'", name));
  if (name != "plain" || split == "train") return found->second;
  return ensemble_ ? *ensemble_ : test_ ? *test_ : found->second;
}

at::Tensor ImageViews::levels(const std::string& split_name, const std::string& name, const at::Tensor& samples,
                              std::int64_t epoch, std::int64_t member) const {
  const View& own = view(split_name, name);
  const data::Split& split = split_of(split_name);
  if (samples.size(0) == 0) return at::empty({0, side_, side_, 3}, at::kByte);
  if (ensemble_ && &own == &*ensemble_) return member_levels(split, samples, member);
  if (!own.pipeline) return flip_crop(own, split, samples, epoch);
  // An image of the model's size is its own plain view.
  if (own.pipeline_name == "plain" && is_model_size(split)) return view::images(split).index_select(0, samples);
  return drawn(own, split, samples, epoch);
}

at::Tensor ImageViews::normalised(const std::string& split, const std::string& name, const at::Tensor& levels) const {
  if (levels.size(0) == 0) return at::empty({0, 3, side_, side_}, real_);
  return (*view(split, name).normalise)(levels);
}

}  // namespace winnow::train
