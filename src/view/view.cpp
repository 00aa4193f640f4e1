#include "winnow/view/view.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "operations.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/device/transfer.h"
#include "winnow/view/in_parallel.h"

namespace winnow::view {

namespace {

// Every level's value once (3 x 256), then a look-up for each; the result lies in memory as that of
// tensors would have it.
template <class Real>
void look_up(const at::Tensor& images, const at::Tensor& values, at::Tensor& result) {
  const std::uint8_t* from = images.const_data_ptr<std::uint8_t>();
  const Real* table = values.const_data_ptr<Real>();
  Real* to = result.data_ptr<Real>();
  in_parallel(images.numel() / 3, 1 << 14, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = 3 * first; i < 3 * last; i += 3) {
      to[i] = table[from[i]];
      to[i + 1] = table[256 + from[i + 1]];
      to[i + 2] = table[512 + from[i + 2]];
    }
  });
}

}  // namespace

namespace {

// x scale + shift in one pass: (x / 255 - mean) / deviation.
at::Tensor scaled(const at::Tensor& images, const at::Tensor& scale, const at::Tensor& shift,
                  at::TensorOptions options) {
  at::Tensor there = device::to_device(images, options.device());  // levels are a quarter of the bytes of reals
  at::Tensor x = there.permute({0, 3, 1, 2}).to(options.dtype().toScalarType());
  return at::addcmul(shift, x, scale);  // one grey channel is broadcast to three
}

}  // namespace

Normaliser::Normaliser(const Normalisation& n, at::TensorOptions options) : options_(options) {
  at::Tensor mean = at::tensor(n.mean, at::kDouble), deviation = at::tensor(n.deviation, at::kDouble);
  at::ScalarType type = options.dtype().toScalarType();
  auto there = [&](const at::Tensor& values) {
    return device::to_device(values.to(type), options.device()).view({1, 3, 1, 1});
  };
  scale_ = there(1 / (255 * deviation));
  shift_ = there(-mean / deviation);
  if (!options.device().is_cpu() || (type != at::kFloat && type != at::kDouble)) return;
  at::Tensor levels = at::arange(256, at::kLong).to(at::kByte).view({1, 1, 256, 1}).expand({1, 1, 256, 3}).contiguous();
  table_ = scaled(levels, scale_, shift_, options).reshape({3, 256}).contiguous();
}

at::Tensor Normaliser::operator()(const at::Tensor& images) const {
  if (!table_.defined() || !images.is_cpu() || images.size(3) != 3 || !images.is_contiguous())
    return by_tensors(images);
  at::Tensor result = at::empty({images.size(0), 3, images.size(1), images.size(2)},
                                options_.memory_format(at::MemoryFormat::ChannelsLast));
  table_.scalar_type() == at::kFloat ? look_up<float>(images, table_, result) : look_up<double>(images, table_, result);
  return result;
}

at::Tensor Normaliser::by_tensors(const at::Tensor& images) const { return scaled(images, scale_, shift_, options_); }

at::Tensor normalise(const at::Tensor& images, const Normalisation& n, at::TensorOptions options) {
  return Normaliser(n, options)(images);
}

FlipCrop draw_flip_crop(std::uint64_t seed, std::uint64_t index, std::int64_t pad, std::int64_t epoch,
                        std::int64_t sample) {
  Stream stream =
      Streams(seed, "view.flip-crop", index).at(static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(sample));
  FlipCrop drawn;
  drawn.flip = stream.below(2) == 1;
  drawn.top = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(2 * pad) + 1));
  drawn.left = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(2 * pad) + 1));
  return drawn;
}

at::Tensor images(const data::Split& split) {
  return at::from_blob(const_cast<std::uint8_t*>(split.images.data()),
                       {split.samples, split.height, split.width, split.channels}, at::TensorOptions(at::kByte));
}

at::Tensor flip_crop(const at::Tensor& images, const std::vector<FlipCrop>& drawn, std::int64_t pad) {
  std::int64_t B = images.size(0), H = images.size(1), W = images.size(2);
  // One small table goes to the device: where the rows and the columns of each image begin, and in which direction the
  // columns run.
  at::Tensor table = at::empty({3, B}, at::TensorOptions(at::kLong));
  auto own = table.accessor<std::int64_t, 2>();
  for (std::int64_t i = 0; i < B; ++i) {
    const FlipCrop& of = drawn[static_cast<std::size_t>(i)];
    own[0][i] = of.top;
    own[1][i] = of.flip ? W + 2 * pad - 1 - of.left : of.left;  // crop of the mirrored image: mirror the column
    own[2][i] = of.flip ? -1 : 1;
  }
  at::Tensor there = device::to_device(table, images.device());
  at::TensorOptions numbers = there.options();
  at::Tensor rows = there[0].unsqueeze(1) + at::arange(H, numbers);
  at::Tensor columns = at::addcmul(there[1].unsqueeze(1), there[2].unsqueeze(1), at::arange(W, numbers).unsqueeze(0));
  at::Tensor padded = at::constant_pad_nd(images, {0, 0, pad, pad, pad, pad}, 0);
  return padded.index({at::arange(B, numbers).view({B, 1, 1}), rows.unsqueeze(2), columns.unsqueeze(1)});
}

}  // namespace winnow::view
