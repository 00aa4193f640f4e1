#include "check_samples.h"

#include <fmt/format.h>

#include <algorithm>

#include "other_splits.h"
#include "winnow/core/error.h"
#include "winnow/data/shot_lists.h"
#include "winnow/label/long_tail.h"

namespace winnow::sweep {

namespace {

class Samples {
 public:
  Samples(Inspection& seen, const Catalogue& catalogue)
      : seen_(seen), catalogue_(catalogue), dataset_(catalogue.datasets.at(seen.text("dataset"))) {}

  // In the order in which stages choose them (train/image_source.cpp).
  void check() {
    if (is_test_only(dataset_))
      refuse("dataset",
             "it has test images alone: other data sets are measured on them (evaluation.further_tests, "
             "data.validation_split)");
    further_tests();
    own_validation();
    std::int64_t test = seen_.integer("data.test_samples");
    if (dataset_.test > 0 && test > dataset_.test)
      refuse("data.test_samples", fmt::format("{} has {} test samples", dataset_.name, dataset_.test));
    check_range();
    capped();
    shot_list();
    if (dataset_.train == 0 && count_ == 0) return;
    set_aside();
    long_tail();
    if (!shots()) batches();
  }

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& why) {
    throw UsageError(fmt::format("{}: {} = {}: {}", seen_.where(key), key, seen_.find(key)->dump(), why));
  }

  void further_tests() {
    for (const std::string& key : seen_.named("evaluation.further_tests"))
      if (*seen_.find(key) == true && winnow::sweep::further_tests(dataset_).empty())
        refuse(key, fmt::format("{} has none: its preset names no further_tests", dataset_.name));
  }

  void own_validation() {
    constexpr const char* kKey = "data.validation_split";
    if (!seen_.find(kKey) || seen_.text(kKey) != "own") return;
    if (validation_split(dataset_).empty())
      refuse(kKey, fmt::format("{} has no validation part: its preset names no validation_split; data.validation sets "
                               "a share of its training samples aside",
                               dataset_.name));
    if (double share = seen_.real("data.validation"); share > 0)
      refuse(kKey, fmt::format("data.validation = {} sets training samples aside; set one of them", share));
    if (seen_.method().program)
      refuse(kKey, fmt::format("method {} is a program, which is handed one data set", seen_.method().name));
  }

  void check_range() {
    std::int64_t first = seen_.integer("data.first"), last = seen_.integer("data.last"),
                 wanted = seen_.integer("data.samples"), all = dataset_.train;
    if (last > 0 && first >= last)
      refuse("data.first", fmt::format("no sample lies between it and data.last = {}", last));
    if (all == 0) {  // how many there are is not known: at least what is asked for
      if (last > 0 && wanted > last - first)
        refuse("data.samples",
               fmt::format("from data.first = {} to data.last = {} there are {}", first, last, last - first));
      count_ = wanted > 0 ? wanted : last > 0 ? last - first : 0;
      return;
    }
    if (first >= all) refuse("data.first", fmt::format("{} has {} training samples", dataset_.name, all));
    if (last > all) refuse("data.last", fmt::format("{} has {} training samples", dataset_.name, all));
    count_ = (last > 0 ? last : all) - first;
    if (wanted > count_) {
      std::string range = count_ == all ? "" : fmt::format(" with data.first = {} and data.last = {}", first, last);
      refuse("data.samples", fmt::format("{} has {} training samples{}", dataset_.name, count_, range));
    }
    if (wanted > 0) count_ = wanted;
  }

  void capped() {
    if (seen_.text("data.balance") != "capped") return;
    if (seen_.integer("data.samples") == 0)
      refuse("data.balance", "of data.samples = 0: it caps each class at a share of a number of samples, set that");
  }

  void set_aside() {
    double share = seen_.real("data.validation");
    if (share == 0) return;
    auto aside = static_cast<std::int64_t>(static_cast<double>(count_) * share);
    if (aside == 0) refuse("data.validation", fmt::format("of {} training samples that is not one", count_));
    if (aside == count_) refuse("data.validation", fmt::format("of {} training samples that leaves none", count_));
    count_ -= aside;
  }

  // How many samples a class has is not known. Its first one has N / C at least where all have the same number, which
  // is what a tail is cut from.
  void long_tail() {
    double factor = seen_.real("data.long_tail");
    if (factor == 1 || dataset_.classes == 0) return;
    std::vector<std::int64_t> counts = label::long_tail_counts(count_, dataset_.classes, factor);
    if (counts.back() == 0)
      refuse("data.long_tail",
             fmt::format("{} training samples of {} classes: the last class keeps none", count_, dataset_.classes));
    std::int64_t kept = 0;
    for (std::int64_t count : counts) kept += count;
    count_ = std::min(count_, kept);
  }

  void shot_list() {
    bool known = seen_.find("labelled_shots") && seen_.integer("labelled_shots") > 0;
    if (!seen_.text("data.shot_list").empty() && seen_.integer("data.shots") == 0 && !known)
      refuse("data.shot_list", "a list of few images of each class, but data.shots = 0 takes all");
    listed_images(known ? "labelled_shots" : "data.shots");
  }

  // As far as it can be told without labels; the stage counts those of each class.
  void listed_images(const char* key) {
    const std::string& name = seen_.text("data.shot_list");
    auto found = catalogue_.fingerprints.find(fmt::format("shots/{}/{}", dataset_.name, name));
    if (name.empty() || found == catalogue_.fingerprints.end() || found->second.starts_with(kOpen)) return;
    const std::vector<std::int64_t> places = data::read_shot_list(found->second);
    std::int64_t shots = seen_.integer(key), first = seen_.integer("data.first"), last = seen_.integer("data.last"),
                 all = static_cast<std::int64_t>(places.size());
    if (dataset_.classes > 0 && all != shots * dataset_.classes)
      refuse("data.shot_list", fmt::format("it has {} images, and {} = {} of {} classes are {}", all, key, shots,
                                           dataset_.classes, shots * dataset_.classes));
    auto outside = std::count_if(places.begin(), places.end(),
                                 [&](std::int64_t place) { return place < first || (last > 0 && place >= last); });
    if (outside > 0)
      refuse("data.shot_list", fmt::format("{} of its {} images are not among those from data.first = {}{}", outside,
                                           all, first, last > 0 ? fmt::format(" to data.last = {}", last) : ""));
  }

  // Are there only a few samples of each class? A class with fewer is found by the stage, which knows the labels.
  bool shots() {
    std::int64_t wanted = seen_.integer("data.shots");
    if (wanted > 0 && wanted * dataset_.classes > count_)
      refuse("data.shots", fmt::format("of {} classes there are {} training samples", dataset_.classes, count_));
    return wanted > 0;
  }

  void batches() {
    for (const std::string& key : seen_.named("train.batch"))
      if (seen_.integer(key) > count_) refuse(key, fmt::format("larger than the {} training samples", count_));
  }

  Inspection& seen_;
  const Catalogue& catalogue_;
  const Dataset& dataset_;
  std::int64_t count_ = 0;  // training samples; 0: not known
};

}  // namespace

void check_samples(Inspection& seen, const Catalogue& catalogue) { Samples(seen, catalogue).check(); }

}  // namespace winnow::sweep
