#include "winnow/data/resample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "winnow/core/error.h"
#include "winnow/core/words.h"

namespace winnow::data {

namespace {

double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

double kernel(Filter filter, double x) {
  double a = std::abs(x);
  switch (filter) {
    case Filter::box: return x > -0.5 && x <= 0.5 ? 1 : 0;
    case Filter::bilinear: return a < 1 ? 1 - a : 0;
    case Filter::hamming: return a >= 1 ? 0 : sinc(a) * (0.54 + 0.46 * std::cos(std::numbers::pi * a));
    case Filter::bicubic: return a < 1 ? (1.5 * a - 2.5) * a * a + 1 : a < 2 ? ((-0.5 * a + 2.5) * a - 4) * a + 2 : 0;
    case Filter::lanczos: return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
  }
  return 0;
}

double support_of(Filter filter) {
  return filter == Filter::box ? 0.5 : filter == Filter::lanczos ? 3 : filter == Filter::bicubic ? 2 : 1;
}

std::uint8_t clip(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

// The wide loops are compiled twice and chosen when the program starts: multiplying 32-bit integers is not in the
// baseline of x86-64.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define WINNOW_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WINNOW_WIDE
#endif

constexpr int kRows = 8;  // resized horizontally at once
constexpr int kLanes = 3 * kRows;

// `columns`: kLanes bytes for each input column, rows beside one another, so that one weight meets them all. The same
// layout out.
WINNOW_WIDE void resize_columns(const std::uint8_t* columns, const std::int64_t* starts, const std::int32_t* weights,
                                std::int64_t taps, std::int64_t count, std::uint8_t* to) {
  for (std::int64_t x = 0; x < count; ++x, to += kLanes, weights += taps) {
    const std::uint8_t* from = columns + starts[x] * kLanes;
    std::int32_t sums[kLanes];
    for (int i = 0; i < kLanes; ++i) sums[i] = kHalf;
    for (std::int64_t k = 0; k < taps; ++k, from += kLanes)
      for (int i = 0; i < kLanes; ++i) sums[i] += weights[k] * from[i];
    for (int i = 0; i < kLanes; ++i) to[i] = clip(sums[i]);
  }
}

WINNOW_WIDE void add_row(const std::uint8_t* from, std::int32_t weight, std::int64_t count, std::int32_t* sums) {
  for (std::int64_t x = 0; x < count; ++x) sums[x] += weight * from[x];
}

WINNOW_WIDE void clip_row(const std::int32_t* sums, std::int64_t count, std::uint8_t* to) {
  for (std::int64_t x = 0; x < count; ++x) to[x] = clip(sums[x]);
}

// Up to kRows rows of pixels to the columns [first, first + count) of their resized rows. `columns`, `resized`: room.
void resize_rows(const std::uint8_t* from, std::int64_t from_stride, std::int64_t rows, std::int64_t width,
                 const Weights& w, std::int64_t first, std::int64_t count, std::uint8_t* to,
                 std::vector<std::uint8_t>& columns, std::vector<std::uint8_t>& resized) {
  columns.resize(static_cast<std::size_t>(width * kLanes));
  resized.resize(static_cast<std::size_t>(count * kLanes));
  for (std::int64_t y = 0; y < kRows; ++y) {
    const std::uint8_t* row = from + std::min(y, rows - 1) * from_stride;
    std::uint8_t* lane = columns.data() + 3 * y;
    for (std::int64_t x = 0; x < width; ++x, lane += kLanes, row += 3)
      lane[0] = row[0], lane[1] = row[1], lane[2] = row[2];
  }
  resize_columns(columns.data(), w.first.data() + first, w.values.data() + first * w.taps, w.taps, count,
                 resized.data());
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint8_t* lane = resized.data() + 3 * y;
    for (std::int64_t x = 0; x < count; ++x, lane += kLanes, to += 3) to[0] = lane[0], to[1] = lane[1], to[2] = lane[2];
  }
}

void require_inside(const Box& box, std::int64_t width, std::int64_t height, const char* what) {
  if (box.top < 0 || box.left < 0 || box.height < 1 || box.width < 1 || box.left + box.width > width ||
      box.top + box.height > height)
    throw UsageError(fmt::format("resize: the {} of {} x {} at ({}, {}) is not inside {} x {}", what, box.height,
                                 box.width, box.top, box.left, height, width));
}

constexpr Words<Filter>::Entry kFilterWords[] = {{Filter::box, "box"},
                                                 {Filter::bilinear, "bilinear"},
                                                 {Filter::hamming, "hamming"},
                                                 {Filter::bicubic, "bicubic"},
                                                 {Filter::lanczos, "lanczos"}};
constexpr Words<Filter> kFilters("interpolation", kFilterWords);

}  // namespace

Filter parse_filter(std::string_view text) { return kFilters.parse(text); }
std::string_view to_string(Filter filter) { return kFilters.name(filter); }

Weights weights(std::int64_t from, std::int64_t to, Filter filter) {
  double scale = static_cast<double>(from) / static_cast<double>(to), filter_scale = std::max(scale, 1.0);
  double support = support_of(filter) * filter_scale;
  Weights result;
  result.taps = std::min(from, static_cast<std::int64_t>(std::ceil(support)) * 2 + 1);
  result.values.assign(static_cast<std::size_t>(to * result.taps), 0);
  std::vector<double> row;
  for (std::int64_t i = 0; i < to; ++i) {
    double center = (static_cast<double>(i) + 0.5) * scale, total = 0;
    std::int64_t first = std::max<std::int64_t>(0, static_cast<std::int64_t>(center - support + 0.5));
    std::int64_t last = std::min(from, static_cast<std::int64_t>(center + support + 0.5));
    row.clear();
    for (std::int64_t k = first; k < last; ++k) {
      row.push_back(kernel(filter, (static_cast<double>(k) - center + 0.5) * (1 / filter_scale)));
      total += row.back();
    }
    std::int64_t start = std::min(first, from - result.taps);  // so that every tap reads inside the input
    for (std::size_t k = 0; k < row.size(); ++k) {
      double value = (total != 0 ? row[k] / total : row[k]) * (1 << kWeightBits);
      result.values[static_cast<std::size_t>(i * result.taps + first - start) + k] =
          static_cast<std::int32_t>(value < 0 ? value - 0.5 : value + 0.5);
    }
    result.first.push_back(start);
  }
  return result;
}

Resizing whole(std::int64_t from_height, std::int64_t from_width, std::int64_t height, std::int64_t width,
               Filter filter) {
  return {{0, 0, from_height, from_width}, height, width, filter, {0, 0, height, width}};
}

void resize(const std::uint8_t* pixels, std::int64_t row_pixels, const Resizing& r, std::uint8_t* target) {
  require_inside(r.box, row_pixels, r.box.top + r.box.height, "box");
  require_inside(r.window, r.width, r.height, "window");
  Weights across = weights(r.box.width, r.width, r.filter), down = weights(r.box.height, r.height, r.filter);
  // The rows that the window needs, resized horizontally.
  std::int64_t first = down.first[static_cast<std::size_t>(r.window.top)];
  std::int64_t last = down.first[static_cast<std::size_t>(r.window.top + r.window.height - 1)] + down.taps;
  std::int64_t row = 3 * r.window.width;
  std::vector<std::uint8_t> between(static_cast<std::size_t>((last - first) * row));
  std::vector<std::uint8_t> columns, resized;
  for (std::int64_t y = first; y < last; y += kRows)
    resize_rows(pixels + 3 * ((r.box.top + y) * row_pixels + r.box.left), 3 * row_pixels,
                std::min<std::int64_t>(kRows, last - y), r.box.width, across, r.window.left, r.window.width,
                between.data() + (y - first) * row, columns, resized);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(row));
  for (std::int64_t y = 0; y < r.window.height; ++y, target += row) {
    std::int64_t out = r.window.top + y;
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::int64_t k = 0; k < down.taps; ++k) {
      std::int32_t weight = down.values[static_cast<std::size_t>(out * down.taps + k)];
      if (weight == 0) continue;
      const std::uint8_t* from = between.data() + (down.first[static_cast<std::size_t>(out)] + k - first) * row;
      add_row(from, weight, row, sums.data());
    }
    clip_row(sums.data(), row, target);
  }
}

Image resize(const Image& image, const Resizing& r) {
  Image result{r.window.height, r.window.width,
               std::vector<std::uint8_t>(static_cast<std::size_t>(3 * r.window.height * r.window.width))};
  resize(image.rgb.data(), image.width, r, result.rgb.data());
  return result;
}

Size short_side(Size from, std::int64_t side) {
  auto scaled = [&](std::int64_t length, std::int64_t shorter) {
    return static_cast<std::int64_t>(static_cast<double>(side * length) / static_cast<double>(shorter));
  };
  if (from.height <= from.width) return {side, scaled(from.width, from.height)};
  return {scaled(from.height, from.width), side};
}

}  // namespace winnow::data
