// Instance-dependent noise (Xia et al., "Part-dependent label noise", 2020): the look of an image decides which class
// it is taken for. docs/methods/noisy-labels.md#1.2. Every true class has a projection W of N(0, 1), d features x C
// classes; a sample with features x and probability q to flip becomes class j with q softmax(x W)_j, its own class left
// out, and stays with 1 - q. The C x d x C projection as a whole never exists: a class is drawn, used, and forgotten.
//
// The parts can be spread over threads as one likes: each number is added up in one fixed order, and each draw has a
// stream of its own.
#pragma once

#include <cstdint>
#include <span>

#include "winnow/label/spec.h"

namespace winnow::label {

// q of a sample: N(rate, sigma) truncated to [0, 1].
double draw_instance_rate(const Spec&, std::int64_t sample);

// Rows first_feature, ... of the projection of class `truth`, as many as `rows` holds (its size / C).
void draw_projection(const Spec&, std::int64_t truth, std::int64_t first_feature, std::int64_t classes,
                     std::span<double> rows);

// x W for some samples: `features` n x d, `projection` d x C, `result` n x C. Every result is the sum over the features
// in their order.
void project(std::span<const double> features, std::span<const double> projection, std::int64_t classes,
             std::span<double> result);
void project(std::span<const std::uint8_t> features, std::span<const double> projection, std::int64_t classes,
             std::span<double> result);

// In place, from x W to the law of the given label.
void instance_law(std::span<double> projected, std::int64_t truth, double rate);

// What the sample is given, drawn by that law.
std::int64_t draw_instance_label(const Spec&, std::int64_t sample, std::span<const double> law);

}  // namespace winnow::label
