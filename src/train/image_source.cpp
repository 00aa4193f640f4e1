#include "image_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <span>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/device/transfer.h"
#include "winnow/stage/data_sets.h"

namespace winnow::train {

namespace {

constexpr std::int64_t kStepsAhead = 2;
constexpr std::int64_t kImagesKept = 2;  // a weak and a strong view of a batch

// The rows of a split that follow one another, or none: first, last + 1.
std::optional<std::pair<std::int64_t, std::int64_t>> run_of(const at::Tensor& ids) {
  std::int64_t count = ids.size(0);
  if (count == 0) return std::nullopt;
  const std::int64_t* values = ids.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 1; i < count; ++i)
    if (values[i] != values[0] + i) return std::nullopt;
  return std::pair(values[0], values[0] + count);
}

}  // namespace

ImageSource::ImageSource(std::shared_ptr<const data::Pixels> pixels, Samples samples, LearnerLabels labels,
                         ImageViews views, const Batching& batching, at::TensorOptions real)
    : pixels_(std::move(pixels)), samples_(std::move(samples)), labels_(std::move(labels)), views_(std::move(views)),
      batching_(batching), kept_(real.device(), batching.device_images),
      queue_(batching.loaders, [this, real](const WantedImages& wanted) {
        return device::ready_for(views_.levels(wanted.split, wanted.view, wanted.samples, wanted.epoch, wanted.member),
                                 real.device());
      }) {
  if (batching_.batch > size("train") && !labels_.items.defined() && !samples_.few)
    throw UsageError(
        fmt::format("train.batch = {} is larger than the {} training samples", batching_.batch, size("train")));
  if (std::int64_t steps = steps_per_epoch(); batching_.epochs > 0 && steps > 0) {
    batching_.epochs = std::max(batching_.epochs, (batching_.min_steps + steps - 1) / steps);
    if (batching_.max_steps > 0)
      batching_.epochs = std::clamp(batching_.max_steps / steps, std::int64_t{1}, batching_.epochs);
  }
  auto there = [&](const at::Tensor& tensor) { return device::to_device(tensor, real.device()); };
  if (labels_.given.defined()) given_ = there(labels_.given);
  if (labels_.validation_labelled.defined()) labelled_ = there(labels_.validation_labelled);
  if (labels_.candidates.defined()) candidates_ = there(labels_.candidates.to(real.dtype().toScalarType()));
  for (const auto& [name, tensor] : labels_.handed_over) handed_over_[name] = there(tensor);
}

std::int64_t ImageSource::for_each_member(const std::function<void()>& visit) {
  std::int64_t members = views_.members();
  auto choose = [&](std::int64_t member) {
    member_ = member;
    for (auto& [split, source] : further_) source->member_ = member;
  };
  for (std::int64_t member = 0; member < members; ++member) choose(member), visit();
  choose(0);
  return members;
}

void ImageSource::add_further_test(const std::string& name, std::unique_ptr<ImageSource> source) {
  further_[std::string(kFurtherTest) + name] = std::move(source);
}

void ImageSource::add_validation(std::unique_ptr<ImageSource> source) { further_["validation"] = std::move(source); }

std::vector<std::string> ImageSource::further_tests() const {
  std::vector<std::string> names;
  for (const auto& [split, source] : further_)
    if (split.starts_with(kFurtherTest)) names.push_back(split.substr(kFurtherTest.size()));
  return names;
}

ImageSource* ImageSource::further(const std::string& split) const {
  auto found = further_.find(split);
  return found == further_.end() ? nullptr : found->second.get();
}

std::int64_t ImageSource::size(const std::string& split) const {
  const ImageSource* other = further(split);
  return other ? other->size("test") : samples(split).size(0);
}

std::int64_t ImageSource::items() const { return labels_.items.defined() ? labels_.items.size(0) : size("train"); }

std::int64_t ImageSource::steps_per_epoch() const {
  std::int64_t M = items();
  return batching_.drop_last && M >= batching_.batch ? M / batching_.batch
                                                     : (M + batching_.batch - 1) / batching_.batch;
}

const ImageSource::Order& ImageSource::order_of(std::int64_t epoch) {
  if (order_.epoch == epoch) return order_;
  std::vector<std::int64_t> order =
      Streams(batching_.seed, "order").at(static_cast<std::uint32_t>(epoch), 0).permutation(items());
  order_.ids = at::tensor(order, at::kLong);
  order_.given = labels_.items.defined()   ? labels_.item_labels.index_select(0, order_.ids)
                 : labels_.given.defined() ? labels_.given.index_select(0, order_.ids)
                                           : at::Tensor();
  if (labels_.items.defined()) order_.ids = labels_.items.index_select(0, order_.ids);
  order_.position.assign(static_cast<std::size_t>(size("train")), -1);
  for (std::int64_t i = 0; i < order_.ids.size(0); ++i)
    order_.position[static_cast<std::size_t>(order_.ids.const_data_ptr<std::int64_t>()[i])] = i;
  order_.epoch = epoch;
  order_.places.clear();
  made_.clear();
  return order_;
}

at::Tensor ImageSource::batch_ids(const Order& order, std::int64_t step) const {
  std::int64_t first = step * batching_.batch;
  return order.ids.narrow(0, first, std::min(batching_.batch, order.ids.size(0) - first));
}

std::vector<Batch> ImageSource::batches(std::int64_t epoch) {
  const Order& order = order_of(epoch);
  std::vector<Batch> result;
  for (std::int64_t step = 0; step < steps_per_epoch(); ++step) {
    Batch batch{batch_ids(order, step), {}};
    if (order.given.defined()) batch.given = order.given.narrow(0, step * batching_.batch, batch.ids.size(0));
    result.push_back(std::move(batch));
  }
  return result;
}

WantedImages ImageSource::wanted(const std::string& split, const std::string& view, const at::Tensor& ids,
                                 std::int64_t epoch) const {
  return {split, view, samples(split).index_select(0, ids), epoch, split == "train" ? 0 : member_};
}

ImagesOnDevice::Series ImageSource::series(const std::string& split, const std::string& view) const {
  return {split, view, split == "train" ? 0 : member_};
}

at::Tensor ImageSource::to_device(const std::string& split, const std::string& view, const at::Tensor& ids,
                                  const at::Tensor& levels) {
  if (!kept_.keeps_any() || !views_.is_fixed(split, view)) return levels;
  return kept_.put(series(split, view), size(split), ids, levels);
}

bool ImageSource::RowsOfStep::ascend() const {
  return std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()) == rows.end();
}

std::optional<ImageSource::RowsOfStep> ImageSource::rows_of_step(const std::string& split, const at::Tensor& ids,
                                                                 std::int64_t epoch) const {
  if (split != "train" || batching_.epochs == 0 || ids.size(0) == 0 || order_.epoch != epoch) return std::nullopt;
  RowsOfStep result{-1, {}};
  for (std::int64_t i = 0; i < ids.size(0); ++i) {
    std::int64_t position = order_.position[static_cast<std::size_t>(ids.const_data_ptr<std::int64_t>()[i])];
    if (position < 0) return std::nullopt;
    if (result.step < 0) result.step = position / batching_.batch;
    if (position / batching_.batch != result.step) return std::nullopt;
    result.rows.push_back(position % batching_.batch);
  }
  if (result.step >= steps_per_epoch()) return std::nullopt;
  return result;
}

at::Tensor ImageSource::kept(const ImagesOnDevice::Series& series, const at::Tensor& ids,
                             const std::optional<RowsOfStep>& rows) {
  if (!rows || !rows->in_order() || !kept_.has_all(series))
    return kept_.get(series, device::to_device(kept_.places(series, ids), kept_.device()));
  at::Tensor& places = order_.places[series];
  if (!places.defined()) places = device::to_device(kept_.places(series, order_.ids), kept_.device());
  return kept_.get(series, places.narrow(0, rows->step * batching_.batch + rows->rows.front(), ids.size(0)));
}

at::Tensor ImageSource::from_device(const std::string& split, const std::string& view, const at::Tensor& ids,
                                    std::int64_t epoch, const std::optional<RowsOfStep>& rows) {
  if (!kept_.keeps_any() || ids.size(0) == 0) return {};
  if (ImagesOnDevice::Series own = series(split, view); kept_.has(own, ids)) return kept(own, ids, rows);
  if (!views_.is_flip_crop(split, view)) return {};
  ImagesOnDevice::Series whole{split, "as stored", 0};
  at::Tensor everything = at::arange(size(split), at::kLong);
  if (!kept_.has(whole, everything)) {
    at::Tensor stored = views_.stored(split, samples(split));
    if (!kept_.has_room_for(whole, stored.numel())) return {};
    kept_.put(whole, size(split), everything, stored);
  }
  return views_.flip_crop_there(split, view, samples(split).index_select(0, ids), epoch, kept(whole, ids, rows));
}

at::Tensor ImageSource::inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                               std::int64_t epoch) {
  if (ImageSource* other = further(split)) return other->inputs("test", view, ids, epoch);
  std::optional<RowsOfStep> rows = rows_of_step(split, ids, epoch);
  if (at::Tensor levels = from_device(split, view, ids, epoch, rows); levels.defined())
    return views_.normalised(split, view, levels);
  if (rows) return of_step(view, *rows, order_);
  WantedImages now = wanted(split, view, ids, epoch);
  if (auto run = run_of(ids)) {  // a pass goes through a split from its beginning to its end; a gang in strides
    bool follows = pass_.split == split && pass_.view == view && pass_.first < run->first;
    std::int64_t first = run->first + (follows ? run->first - pass_.first : ids.size(0));
    std::int64_t last = std::min(first + ids.size(0), size(split));
    pass_ = {split, view, run->first};
    at::Tensor coming = at::arange(first, std::max(first, last), at::kLong);
    if (first < last && !kept_.has(series(split, view), coming)) queue_.ahead(wanted(split, view, coming, epoch));
  }
  return views_.normalised(split, view, to_device(split, view, ids, queue_.get(now)));
}

std::optional<RowsContent> ImageSource::content_of(const std::string& split, const std::string& view,
                                                   const at::Tensor& ids, std::int64_t epoch) const {
  if (const ImageSource* other = further(split)) return other->content_of("test", view, ids, epoch);
  std::string seen = views_.description(split, view);
  if (seen.empty()) return std::nullopt;
  bool fixed = views_.is_fixed(split, view);
  WantedImages wanted = this->wanted(split, view, ids, fixed ? 0 : epoch);
  at::Tensor samples = wanted.samples.contiguous();
  std::int64_t place[] = {wanted.epoch, wanted.member};
  Hasher rows;
  rows.add(std::as_bytes(std::span(place)))
      .add(std::as_bytes(std::span(samples.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(samples.numel()))));
  return RowsContent{pixels_->fingerprint(), fmt::format("{}: {}", split == "test" ? "test" : "train", seen),
                     rows.digest(), fixed};
}

// A forward with updated weights asks for the same images again, a mixture for those of its partners, a selection for
// some of them: a step's images are made once.
at::Tensor ImageSource::of_step(const std::string& view, const RowsOfStep& asked, const Order& order) {
  const std::int64_t step = asked.step;
  const std::vector<std::int64_t>& rows = asked.rows;
  std::erase_if(made_, [&](const Made& made) { return made.step != step; });
  auto [low, high] = std::minmax_element(rows.begin(), rows.end());
  std::int64_t first = *low, last = *high + 1;
  auto found = std::find_if(made_.begin(), made_.end(), [&](const Made& made) {
    return made.view == view && made.first <= first && last <= made.last;
  });
  bool in_order = asked.in_order();
  if (found == made_.end()) {
    at::Tensor ids = batch_ids(order, step);
    if (!in_order)
      return views_.normalised(
          "train", view,
          queue_.get(wanted("train", view, ids.index_select(0, at::tensor(rows, at::kLong)), order.epoch)));
    Made made{view, step, first, last, {}, {}};
    made.levels = queue_.get(wanted("train", view, ids.narrow(0, first, last - first), order.epoch));
    found = made_.insert(made_.end(), std::move(made));
    for (std::int64_t next = step + 1; next <= step + kStepsAhead && next < steps_per_epoch(); ++next) {
      at::Tensor coming = batch_ids(order, next);
      if (last <= coming.size(0))
        queue_.ahead(wanted("train", view, coming.narrow(0, first, last - first), order.epoch));
      else if (first == 0)  // a short last batch
        queue_.ahead(wanted("train", view, coming, order.epoch));
    }
  }
  if (in_order && found->first == first && found->last == last) {
    if (found->images.defined()) return found->images;
    at::Tensor own = batch_ids(order, step).narrow(0, first, last - first);
    at::Tensor images = found->images = views_.normalised("train", view, to_device("train", view, own, found->levels));
    // Reals are four times the bytes of levels: in small chunks a batch of them would be what chunks are there to
    // avoid.
    std::int64_t kept = 0;
    for (auto made = made_.rbegin(); made != made_.rend(); ++made)
      if (made->images.defined() && ++kept > kImagesKept) made->images = at::Tensor();
    return images;
  }
  at::Tensor index = at::tensor(rows, at::kLong) - found->first;
  if (found->images.defined() && !found->images.is_cpu()) {  // they are there: as rows of bytes would lie in memory
    at::Tensor there = device::to_device(index, found->images.device());
    return found->images.permute({0, 2, 3, 1}).index_select(0, there).permute({0, 3, 1, 2});
  }
  return views_.normalised("train", view, found->levels.index_select(0, index));
}

const at::Tensor& ImageSource::labels(const std::string& split) {
  return split == "validation" && labelled_.defined() ? labelled_ : Source::labels(split);
}

const at::Tensor& ImageSource::given() {
  if (!given_.defined()) throw UsageError("this stage has candidate sets, no given labels");
  return given_;
}

}  // namespace winnow::train
