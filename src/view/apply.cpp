#include "winnow/view/apply.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>
#include <map>
#include <numeric>

#include "operations.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"

namespace winnow::view {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

at::Tensor adjust(const at::Tensor& x, Op op, Reals values) {
  switch (op) {
    case Op::identity: return x;
    case Op::hflip: return hflip(x);
    case Op::brightness: return brightness(x, values);
    case Op::contrast: return contrast(x, values);
    case Op::saturation: return saturation(x, values);
    case Op::sharpness: return sharpness(x, values);
    case Op::hue: return hue(x, values);
    case Op::grayscale: return grayscale(x);
    case Op::gaussian_blur: return gaussian_blur(x, values);
    case Op::autocontrast: return autocontrast(x);
    case Op::equalize: return equalize(x);
    case Op::posterize: return posterize(x, values);
    case Op::solarize: return solarize(x, values);
    case Op::shear_x:
    case Op::shear_y:
    case Op::translate_x:
    case Op::translate_y:
    case Op::rotate: return warp(x, op, values);
  }
  throw InternalError("an operation that nothing applies");
}

template <class T>
std::vector<T> all_of(const std::vector<const Step*>& steps) {
  std::vector<T> result;
  for (const Step* step : steps) result.push_back(std::get<T>(*step));
  return result;
}

// Settings that one batched call shares.
template <class T, class Equal>
void require_equal(const std::vector<T>& steps, const std::string& name, Equal equal) {
  for (const T& step : steps)
    if (!equal(step, steps[0]))
      throw UsageError(fmt::format("{}: images of one batch need one size and one filter", name));
}

// One operation for all images, each with its own parameters.
at::Tensor apply_group(const at::Tensor& x, const std::vector<const Step*>& steps) {
  std::int64_t H = x.size(1), W = x.size(2);
  std::string name = name_of(*steps[0]);
  return std::visit(
      Overloaded{
          [&](const Adjust& first) {
            std::vector<double> values;
            for (const Adjust& own : all_of<Adjust>(steps)) values.push_back(own.value);
            return adjust(x, first.op, values);
          },
          [&](const Resize& first) {
            require_equal(all_of<Resize>(steps), name, [](const Resize& a, const Resize& b) {
              return a.side == b.side && a.size == b.size && a.filter == b.filter;
            });
            Size size = first.side ? data::short_side({H, W}, first.side) : first.size;
            if (size == Size{H, W}) return x;
            return resize(x, std::vector<data::Box>(steps.size(), {0, 0, H, W}), size, first.filter);
          },
          [&](const Crop&) {
            std::vector<data::Box> boxes;
            for (const Crop& own : all_of<Crop>(steps)) boxes.push_back(own.box);
            return crop(x, boxes, {});
          },
          [&](const PaddedCrop& first) {
            std::vector<data::Box> boxes;
            for (const PaddedCrop& own : all_of<PaddedCrop>(steps)) {
              if (own.fill != first.fill) throw UsageError("padded_crop: images of one batch need one fill");
              if (own.top + own.size.height > H + 2 * own.padding || own.left + own.size.width > W + 2 * own.padding)
                throw UsageError(
                    fmt::format("padded_crop: {} x {} at ({}, {}) is not inside {} x {} with {} pixels of padding",
                                own.size.height, own.size.width, own.top, own.left, H, W, own.padding));
              boxes.push_back({own.top - own.padding, own.left - own.padding, own.size.height, own.size.width});
            }
            return crop(x, boxes, first.fill);
          },
          [&](const ResizedCrop& first) {
            std::vector<data::Box> boxes;
            for (const ResizedCrop& own : all_of<ResizedCrop>(steps)) boxes.push_back(own.box);
            require_equal(all_of<ResizedCrop>(steps), name, [](const ResizedCrop& a, const ResizedCrop& b) {
              return a.size == b.size && a.filter == b.filter;
            });
            return resize(x, boxes, first.size, first.filter);
          },
          [&](const CenterCrop& first) {
            require_equal(all_of<CenterCrop>(steps), name, [](const CenterCrop& a, const CenterCrop& b) {
              return a.size == b.size && a.floor == b.floor;
            });
            return center_crop(x, first);
          },
          [&](const Crops& first) {
            require_equal(all_of<Crops>(steps), name,
                          [](const Crops& a, const Crops& b) { return a.size == b.size && a.mirrored == b.mirrored; });
            return crops(x, first);
          },
          [&](const Cutout&) { return cutout(x, all_of<Cutout>(steps)); },
          [&](const Normalize&) -> at::Tensor { throw UsageError("normalize must be the last step"); },
      },
      *steps[0]);
}

// B x ... x H x W x 3 to B x ... x 3 x H x W.
at::Tensor normalised(const at::Tensor& x, const Normalisation& n, at::TensorOptions real) {
  if (x.dim() == 4) return normalise(x, n, real);
  return normalise(x.flatten(0, 1), n, real).unflatten(0, {x.size(0), x.size(1)});
}

const Normalisation* normalisation_of(const std::vector<Step>& steps) {
  if (steps.empty()) return nullptr;
  auto last = std::get_if<Normalize>(&steps.back());
  return last ? &last->normalisation : nullptr;
}

bool makes_size(const Step& step) {
  return !std::holds_alternative<Adjust>(step) && !std::holds_alternative<Cutout>(step) &&
         !std::holds_alternative<Normalize>(step);
}

const Step kNothing = Adjust{};

// index_copy_ of whole images; torch's goes level by level.
void put(at::Tensor& all, const std::vector<std::int64_t>& places, const at::Tensor& images) {
  if (!all.is_cpu()) {
    all.index_copy_(0, device::to_device(at::tensor(places, at::kLong), all.device()), images);
    return;
  }
  at::Tensor from = images.contiguous();
  auto bytes = static_cast<std::size_t>(from.stride(0));
  for (std::size_t i = 0; i < places.size(); ++i)
    std::memcpy(all.data_ptr<std::uint8_t>() + static_cast<std::size_t>(places[i]) * bytes,
                from.const_data_ptr<std::uint8_t>() + i * bytes, bytes);
}

// Step k of all images; images with the same operation are computed together.
at::Tensor apply_position(const at::Tensor& x, const std::vector<const Step*>& steps) {
  if (x.dim() != 4) throw UsageError(fmt::format("{} after five_crop or ten_crop", name_of(*steps[0])));
  std::map<std::string, std::vector<std::int64_t>> groups;
  for (std::size_t i = 0; i < steps.size(); ++i) groups[name_of(*steps[i])].push_back(static_cast<std::int64_t>(i));
  if (groups.size() == 1) return apply_group(x, steps);
  at::Tensor result;
  for (const auto& [name, members] : groups) {
    std::vector<const Step*> own;
    for (std::int64_t i : members) own.push_back(steps[static_cast<std::size_t>(i)]);
    at::Tensor index = device::to_device(at::tensor(members, at::kLong), x.device());
    at::Tensor part = apply_group(x.index_select(0, index), own);
    if (!result.defined()) {
      std::vector<std::int64_t> shape = part.sizes().vec();
      shape[0] = x.size(0);
      result = at::empty(shape, part.options());
    }
    if (part.sizes().slice(1) != result.sizes().slice(1))
      throw UsageError(fmt::format("after {} the images of one batch differ in size", name));
    put(result, members, part);
  }
  return result;
}

}  // namespace

at::Tensor to_tensor(const data::Image& image) {
  return at::from_blob(const_cast<std::uint8_t*>(image.rgb.data()), {image.height, image.width, 3},
                       at::TensorOptions(at::kByte))
      .clone();
}

at::Tensor apply(const at::Tensor& images, const std::vector<Step>& steps, at::TensorOptions real) {
  return apply_each(images, std::vector<std::vector<Step>>(static_cast<std::size_t>(images.size(0)), steps), real);
}

at::Tensor apply_each(const at::Tensor& images, const std::vector<std::vector<Step>>& steps, at::TensorOptions real) {
  bool shaped = (images.dim() == 4 || images.dim() == 5) &&
                images.size(-1) == 3;  // 5: crops of each, which only Normalize may follow
  if (!shaped || images.scalar_type() != at::kByte || images.size(0) != static_cast<std::int64_t>(steps.size()))
    throw InternalError("apply: images are B x H x W x 3 levels, with one list of steps for each");
  const Normalisation* normalisation = steps.empty() ? nullptr : normalisation_of(steps[0]);
  std::size_t longest = 0;
  for (const auto& own : steps) {
    const Normalisation* other = normalisation_of(own);
    if (!other != !normalisation ||
        (other && (other->mean != normalisation->mean || other->deviation != normalisation->deviation)))
      throw UsageError("images of one batch need one normalisation");
    longest = std::max(longest, own.size() - (other ? 1 : 0));
  }
  at::Tensor x = images;
  for (std::size_t k = 0; k < longest; ++k) {
    std::vector<const Step*> position;
    for (const auto& own : steps) position.push_back(k < own.size() - (normalisation ? 1 : 0) ? &own[k] : &kNothing);
    x = apply_position(x, position);
  }
  return normalisation ? normalised(x, *normalisation, real) : x;
}

at::Tensor apply_any_size(const std::vector<at::Tensor>& images, const std::vector<std::vector<Step>>& steps,
                          at::TensorOptions real) {
  std::vector<at::Tensor> sized;
  std::vector<std::vector<Step>> rest;
  for (std::size_t i = 0; i < images.size(); ++i) {
    auto first = std::find_if_not(steps[i].begin(), steps[i].end(), makes_size);
    sized.push_back(apply(images[i].unsqueeze(0), std::vector<Step>(steps[i].begin(), first), real));
    rest.emplace_back(first, steps[i].end());
    if (sized.back().sizes() != sized.front().sizes())
      throw UsageError("the images of one batch differ in size after their first steps");
  }
  return apply_each(device::to_device(at::cat(sized), real.device()), rest, real);
}

}  // namespace winnow::view
