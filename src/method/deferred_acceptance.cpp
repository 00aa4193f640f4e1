#include "winnow/method/deferred_acceptance.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "winnow/core/error.h"

namespace winnow::method {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kGap = 2;  // rows this close are read at once, with the one between them

struct Proposal {
  double score = 0;
  std::int64_t image = 0;
};
bool better(const Proposal& a, const Proposal& b) {
  return a.score > b.score || (a.score == b.score && a.image < b.image);
}

// The best proposers of one class, the worst of them on top.
class Pool {
 public:
  bool accepts(const Proposal& proposal, std::int64_t capacity) const {
    return size() < capacity || (capacity > 0 && better(proposal, heap_.front()));
  }
  // An accepted one; returns the image that it evicts, or -1.
  std::int64_t take(const Proposal& proposal, std::int64_t capacity) {
    std::int64_t evicted = -1;
    if (size() == capacity) {
      evicted = heap_.front().image;
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(proposal);
    std::push_heap(heap_.begin(), heap_.end(), better);
    return evicted;
  }
  std::int64_t size() const { return static_cast<std::int64_t>(heap_.size()); }
  const std::vector<Proposal>& members() const { return heap_; }

 private:
  std::vector<Proposal> heap_;
};

struct Wish {
  double score;
  std::int32_t label;
};

// A class that once rejected or evicted an image will always reject it: those that it keeps only become better. So an
// image's next class is the first, by its own order, of those that would accept it now, and nothing but the pools need
// be remembered. The wishes of an image are the first few of these, from one reading of its row.
class Market {
 public:
  Market(std::int64_t samples, std::int64_t classes, std::int64_t capacity, DeferredMemory memory)
      : samples_(samples), classes_(classes), capacity_(capacity), memory_(memory),
        pools_(static_cast<std::size_t>(classes)), room_(std::max<std::int64_t>(1, std::min(memory.wishes, classes))),
        wishes_(static_cast<std::size_t>(samples * room_)), next_(static_cast<std::size_t>(samples), 0),
        end_(static_cast<std::size_t>(samples), 0) {}

  void run(const ReadScores& read) {
    std::vector<std::int64_t> unread(static_cast<std::size_t>(samples_));  // in rising order
    for (std::int64_t i = 0; i < samples_; ++i) unread[static_cast<std::size_t>(i)] = i;
    while (!unread.empty()) {
      std::vector<std::int64_t> again;
      for (std::size_t from = 0; from < unread.size();) {
        std::size_t to = from + 1;
        std::int64_t first = unread[from];
        while (to < unread.size() && unread[to] < first + memory_.block && unread[to] - unread[to - 1] <= kGap) ++to;
        std::int64_t count = unread[to - 1] + 1 - first;
        at::Tensor block = checked(read(first, count), count);
        const double* rows = block.const_data_ptr<double>();
        for (; from < to; ++from) {
          wish(unread[from], rows + (unread[from] - first) * classes_);
          place(unread[from], again);
        }
      }
      std::sort(again.begin(), again.end());
      unread = std::move(again);
    }
  }

  Placement result() const {
    Placement placement{at::full({samples_}, -1, at::TensorOptions(at::kLong)),
                        at::zeros({samples_}, at::TensorOptions(at::kDouble))};
    auto* labels = placement.label.mutable_data_ptr<std::int64_t>();
    auto* scores = placement.score.mutable_data_ptr<double>();
    for (std::size_t c = 0; c < pools_.size(); ++c)
      for (const Proposal& member : pools_[c].members()) {
        labels[member.image] = static_cast<std::int64_t>(c);
        scores[member.image] = member.score;
      }
    return placement;
  }

 private:
  at::Tensor checked(const at::Tensor& rows, std::int64_t count) const {
    if (rows.dim() != 2 || rows.size(0) != count || rows.size(1) != classes_ || !rows.is_cpu())
      throw InternalError(fmt::format("deferred acceptance reads {} x {} scores of the host at once", count, classes_));
    return rows.to(at::kDouble).contiguous();
  }

  // The image's first few classes among those that would accept it now.
  void wish(std::int64_t image, const double* scores) {
    Wish* own = wishes_.data() + image * room_;
    std::int32_t n = 0;
    for (std::int64_t c = 0; c < classes_; ++c) {
      double score = scores[c];
      if (score != score) throw DataError(fmt::format("the score of image {} for class {} is NaN", image, c));
      if (score == kNever || (n == room_ && score <= own[n - 1].score)) continue;  // on ties the lower class is first
      if (!pools_[static_cast<std::size_t>(c)].accepts({score, image}, capacity_)) continue;
      if (n < room_) ++n;
      std::int32_t at = n - 1;
      for (; at > 0 && own[at - 1].score < score; --at) own[at] = own[at - 1];
      own[at] = {score, static_cast<std::int32_t>(c)};
    }
    next_[static_cast<std::size_t>(image)] = 0;
    end_[static_cast<std::size_t>(image)] = n;
  }

  // Lets the image propose, then whom it evicts, and so on. Whose wishes end before a class takes it goes to `again`;
  // but where there was room for more wishes, none is left.
  void place(std::int64_t image, std::vector<std::int64_t>& again) {
    while (image >= 0) {
      std::int32_t& next = next_[static_cast<std::size_t>(image)];
      std::int32_t end = end_[static_cast<std::size_t>(image)];
      std::int64_t evicted = -1;
      bool taken = false;
      while (!taken && next < end) {
        const Wish& wish = wishes_[static_cast<std::size_t>(image * room_ + next++)];
        Pool& pool = pools_[static_cast<std::size_t>(wish.label)];
        Proposal proposal{wish.score, image};
        taken = pool.accepts(proposal, capacity_);
        if (taken) evicted = pool.take(proposal, capacity_);
      }
      if (!taken && end == room_) again.push_back(image);
      image = evicted;
    }
  }

  std::int64_t samples_, classes_, capacity_;
  DeferredMemory memory_;
  std::vector<Pool> pools_;
  std::int64_t room_;
  std::vector<Wish> wishes_;              // samples x room
  std::vector<std::int32_t> next_, end_;  // of each image's wishes
};

}  // namespace

Placement deferred_acceptance(std::int64_t samples, std::int64_t classes, std::int64_t capacity, const ReadScores& read,
                              DeferredMemory memory) {
  if (capacity < 0) throw UsageError(fmt::format("K is {}: a class keeps at least 0 images", capacity));
  if (memory.block < 1) throw InternalError("deferred acceptance reads at least one row at once");
  Market market(samples, classes, capacity, memory);
  market.run(read);
  return market.result();
}

Placement deferred_acceptance(const at::Tensor& scores, std::int64_t capacity, const at::Tensor& allowed) {
  return deferred_acceptance(scores.size(0), scores.size(1), capacity, [&](std::int64_t first, std::int64_t count) {
    at::Tensor rows = scores.narrow(0, first, count);
    return allowed.defined() ? rows.masked_fill(allowed.narrow(0, first, count) == 0, kNever) : rows;
  });
}

}  // namespace winnow::method
