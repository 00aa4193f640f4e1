#include "winnow/fleet/gpu_time.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "journal.h"
#include "record_text.h"

namespace winnow::fleet {

namespace {

class Times {
 public:
  explicit Times(const std::function<bool(const Hash128&)>& counts) : counts_(counts) {}

  void take(std::string_view record) {
    std::optional<double> time = number_in(record, R"("time":)");
    if (!time) return;
    last_ = *time;
    std::optional<std::string_view> event = value_in_record(record, R"("event":)");
    if (event == "begin" || event == "end") return end_all(last_);  // what a coordinator left open was lost with it
    bool starts = event == "started", brings = event == "done";
    if (!starts && !brings && event != "failed") return;
    std::optional<Hash128> stage = identity_in(record, R"("identity":)");
    if (!stage) return;
    if (auto open = open_.find(*stage); open != open_.end()) {
      end(open->second, last_, brings);
      open_.erase(open);
    }
    if (!starts || !counts_(*stage)) return;
    if (std::optional<double> gpus = number_in(record, R"("gpus":)"); gpus && *gpus > 0) open_[*stage] = {last_, *gpus};
  }
  GpuTime all() {
    end_all(last_);
    return time_;
  }

 private:
  struct Open {
    double begin, gpus;
  };
  void end(const Open& attempt, double now, bool brings) {
    double seconds = attempt.gpus * std::max(0.0, now - attempt.begin);
    time_.seconds += seconds;
    if (!brings) time_.in_vain += seconds;
    ++time_.attempts;
  }
  void end_all(double now) {
    for (const auto& [stage, attempt] : open_) end(attempt, now, false);
    open_.clear();
  }

  const std::function<bool(const Hash128&)>& counts_;
  std::unordered_map<Hash128, Open> open_;
  double last_ = 0;
  GpuTime time_;
};

}  // namespace

GpuTime gpu_time(const Path& store, const std::function<bool(const Hash128&)>& counts) {
  if (Journal::last_epoch(store) == 0) return {};
  Times times(counts);
  Journal::scan(
      store, [&](std::string_view record) { times.take(record); }, Journal::Tail::keep);
  return times.all();
}

}  // namespace winnow::fleet
