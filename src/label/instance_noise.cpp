#include "winnow/label/instance_noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "winnow/core/stream.h"
#include "winnow/label/noise.h"

namespace winnow::label {

namespace {

// A row of the projection is read once for so many samples, whose sums stay in the first cache.
constexpr std::size_t kTile = 8;

template <class Feature>
void project_tiles(std::span<const Feature> features, std::span<const double> projection, std::size_t C,
                   std::span<double> result) {
  std::size_t samples = result.size() / C, d = projection.size() / C;
  std::fill(result.begin(), result.end(), 0);
  for (std::size_t first = 0; first < samples; first += kTile) {
    std::size_t last = std::min(samples, first + kTile);
    for (std::size_t j = 0; j < d; ++j) {
      const double* row = projection.data() + j * C;
      for (std::size_t i = first; i < last; ++i) {
        auto x = static_cast<double>(features[i * d + j]);
        double* sums = result.data() + i * C;
        for (std::size_t c = 0; c < C; ++c) sums[c] += x * row[c];
      }
    }
  }
}

// N(0, 1) by Box and Muller, both halves of each pair: a projection is hundreds of millions of draws on fine-grained
// sets, and Stream::normal throws one half away.
void fill_with_normals(Stream& stream, std::span<double> values) {
  for (std::size_t k = 0; k < values.size(); k += 2) {
    double radius = std::sqrt(-2 * std::log1p(-stream.uniform())), angle = 2 * std::numbers::pi * stream.uniform();
    values[k] = radius * std::cos(angle);
    if (k + 1 < values.size()) values[k + 1] = radius * std::sin(angle);
  }
}

}  // namespace

double draw_instance_rate(const Spec& spec, std::int64_t sample) {
  Stream stream = Streams(spec.seed, "labels.instance.rate").at(0, static_cast<std::uint32_t>(sample));
  for (;;)  // the mean lies in [0, 1], so at least a third of the draws do
    if (double rate = spec.rate + spec.sigma * stream.normal(); rate >= 0 && rate <= 1) return rate;
}

void draw_projection(const Spec& spec, std::int64_t truth, std::int64_t first_feature, std::int64_t classes,
                     std::span<double> rows) {
  Streams streams(spec.seed, "labels.instance.projection", static_cast<std::uint64_t>(truth));
  auto C = static_cast<std::size_t>(classes);
  for (std::size_t j = 0; j < rows.size() / C; ++j) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(first_feature + static_cast<std::int64_t>(j)));
    fill_with_normals(stream, rows.subspan(j * C, C));
  }
}

void project(std::span<const double> features, std::span<const double> projection, std::int64_t classes,
             std::span<double> result) {
  project_tiles(features, projection, static_cast<std::size_t>(classes), result);
}

void project(std::span<const std::uint8_t> features, std::span<const double> projection, std::int64_t classes,
             std::span<double> result) {
  project_tiles(features, projection, static_cast<std::size_t>(classes), result);
}

void instance_law(std::span<double> projected, std::int64_t truth, double rate) {
  auto y = static_cast<std::size_t>(truth);
  projected[y] = -std::numeric_limits<double>::infinity();
  double largest = *std::max_element(projected.begin(), projected.end()), sum = 0;
  for (double& value : projected) sum += value = std::exp(value - largest);
  for (double& value : projected) value *= rate / sum;
  projected[y] = 1 - rate;
}

std::int64_t draw_instance_label(const Spec& spec, std::int64_t sample, std::span<const double> law) {
  return class_at(law, Streams(spec.seed, "labels.instance.class").at(0, static_cast<std::uint32_t>(sample)).uniform());
}

}  // namespace winnow::label
