#include "instance_labels.h"

#include <algorithm>
#include <vector>

#include "winnow/data/small_levels.h"
#include "winnow/label/instance_noise.h"
#include "winnow/view/in_parallel.h"

namespace winnow::train {

namespace {

constexpr std::int64_t kImages = 512;  // that are held at a time

class InstanceLabels {
 public:
  InstanceLabels(const data::Split& split, std::span<const std::int64_t> samples, std::span<const std::int64_t> truth,
                 std::int64_t classes, const label::Spec& spec)
      : split_(split), samples_(samples), truth_(truth), spec_(spec), classes_(classes),
        features_(data::small_levels_count(split)), given_(truth.size()),
        projection_(static_cast<std::size_t>(features_ * classes)) {}

  label::Labels all() {
    std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(classes_));
    for (std::size_t i = 0; i < truth_.size(); ++i)
      members[static_cast<std::size_t>(truth_[i])].push_back(static_cast<std::int64_t>(i));
    for (std::int64_t y = 0; y < classes_; ++y) {
      std::span<const std::int64_t> own = members[static_cast<std::size_t>(y)];
      if (own.empty()) continue;
      draw(y);
      for (std::size_t first = 0; first < own.size(); first += kImages)
        give(y, own.subspan(first, std::min<std::size_t>(kImages, own.size() - first)));
    }
    return std::move(given_);
  }

 private:
  void draw(std::int64_t y) {
    view::in_parallel(features_, 1, [&](std::int64_t first, std::int64_t last) {
      label::draw_projection(spec_, y, first, classes_, rows(projection_, first, last, classes_));
    });
  }

  // Labels of some samples of class y.
  void give(std::int64_t y, std::span<const std::int64_t> members) {
    levels_.resize(members.size() * static_cast<std::size_t>(features_));
    laws_.resize(members.size() * static_cast<std::size_t>(classes_));
    view::in_parallel(static_cast<std::int64_t>(members.size()), 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i)
        data::small_levels(split_, samples_[static_cast<std::size_t>(members[static_cast<std::size_t>(i)])],
                           rows(levels_, i, i + 1, features_));
      std::span<double> laws = rows(laws_, first, last, classes_);
      label::project(rows(levels_, first, last, features_), projection_, classes_, laws);
      if (spec_.pixels == label::Levels::scaled)
        for (double& value : laws) value /= 255;
      for (std::int64_t i = first; i < last; ++i) {
        // Draws are of a sample of the data set, so that a choice of samples changes no label.
        std::int64_t member = members[static_cast<std::size_t>(i)], sample = samples_[static_cast<std::size_t>(member)];
        std::span<double> law = rows(laws_, i, i + 1, classes_);
        label::instance_law(law, y, label::draw_instance_rate(spec_, sample));
        given_[static_cast<std::size_t>(member)] = label::draw_instance_label(spec_, sample, law);
      }
    });
  }

  template <class T>
  static std::span<T> rows(std::vector<T>& matrix, std::int64_t first, std::int64_t last, std::int64_t width) {
    return std::span(matrix).subspan(static_cast<std::size_t>(first * width),
                                     static_cast<std::size_t>((last - first) * width));
  }

  const data::Split& split_;
  std::span<const std::int64_t> samples_, truth_;
  const label::Spec& spec_;
  std::int64_t classes_, features_;
  label::Labels given_;
  std::vector<double> projection_;  // of one class: features x classes
  std::vector<std::uint8_t> levels_;
  std::vector<double> laws_;
};

}  // namespace

label::Labels instance_labels(const data::Pixels& pixels, const at::Tensor& samples,
                              std::span<const std::int64_t> truth, const label::Spec& spec) {
  auto classes = static_cast<std::int64_t>(pixels.classes().size());
  label::require_possible(spec, classes);
  at::Tensor own = samples.contiguous();
  return InstanceLabels(pixels.train(), {own.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(own.numel())},
                        truth, classes, spec)
      .all();
}

}  // namespace winnow::train
