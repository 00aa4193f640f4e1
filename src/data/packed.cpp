#include "packed.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "cache_file.h"
#include "cache_format.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/safetensors.h"
#include "winnow/data/image.h"

namespace winnow::data {

namespace {

// The fingerprint of a listing, image by image.
class Print {
 public:
  explicit Print(const std::vector<std::string>& classes) {
    for (const std::string& name : classes) hasher_.add(name).add(std::string_view("\0", 1));
  }
  void split(std::size_t samples) { hasher_.add(fmt::format("{} pictures;", samples)); }
  void image(std::int64_t label, const std::string& bytes) {
    hasher_.add(fmt::format("{}:{};", label, hash_of(bytes).hex()));
  }
  std::string hex() const { return hasher_.digest().hex(); }

 private:
  Hasher hasher_;
};

std::size_t total(const Listing& listing) { return listing.train.samples.size() + listing.test.samples.size(); }

// Tells of every hundredth part.
class Steps {
 public:
  Steps(const Progress& progress, std::string what, std::size_t all)
      : progress_(progress), what_(std::move(what)), all_(all) {}
  void one() {
    ++done_;
    if (progress_ && done_ * 100 / all_ != (done_ - 1) * 100 / all_)
      progress_(what_, static_cast<double>(done_) / static_cast<double>(all_));
  }

 private:
  const Progress& progress_;
  std::string what_;
  std::size_t all_, done_ = 0;
};

// Which samples of a part do not decode, and why.
std::map<std::size_t, std::string> broken_images(const Path& root, const Listing::Part& part, Steps& steps) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::map<std::size_t, std::string> broken;
  std::exception_ptr other;
  auto work = [&] {
    for (std::size_t i; (i = next++) < part.samples.size();) {
      try {
        read_image(root / part.samples[i].file);
      } catch (const DataError& error) {
        std::lock_guard lock(mutex);
        broken.emplace(i, error.what());
      } catch (...) {
        std::lock_guard lock(mutex);
        other = std::current_exception();
        next = part.samples.size();
      }
      std::lock_guard lock(mutex);
      steps.one();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (other) std::rethrow_exception(other);
  return broken;
}

}  // namespace

std::vector<std::string> verify_images(const Manifest& manifest, const Path& root, Listing& listing,
                                       const Progress& progress) {
  std::vector<std::string> skipped;
  Steps steps(progress, "looking at the images of " + manifest.name, total(listing));
  for (Listing::Part* part : {&listing.train, &listing.test}) {
    auto broken = broken_images(root, *part, steps);
    if (broken.empty()) continue;
    if (manifest.corrupt == "error")
      throw DataError(fmt::format("{}{}; corrupt = \"skip\" in {} leaves such images out", broken.begin()->second,
                                  broken.size() > 1 ? fmt::format(" (and {} others)", broken.size() - 1) : "",
                                  manifest.source));
    std::vector<Sample> kept;
    for (std::size_t i = 0; i < part->samples.size(); ++i)
      if (broken.count(i)) skipped.push_back(part->samples[i].file);
      else kept.push_back(std::move(part->samples[i]));
    part->samples = std::move(kept);
    if (part->samples.empty())
      throw DataError(fmt::format("{}: no image of {} decodes", manifest.name, part->annotations.front().string()));
  }
  return skipped;
}

std::string fingerprint_of(const Path& root, const Listing& listing, const Progress& progress) {
  Print print(listing.classes);
  Steps steps(progress, "reading the images", total(listing));
  for (const Listing::Part* part : {&listing.train, &listing.test}) {
    print.split(part->samples.size());
    for (const Sample& sample : part->samples) {
      print.image(sample.label, read_file(root / sample.file));
      steps.one();
    }
  }
  return print.hex();
}

void write_packed(const Manifest& manifest, const Path& root, const Listing& listing, std::size_t skipped,
                  const std::string& fingerprint, const Path& cache, const Progress& progress) {
  make_folders(cache.parent_path());
  Path files = Path(cache).replace_extension(".files"), part = Path(files).concat(".part");
  CacheFile lock(Path(cache).replace_extension(".lock"));
  lock.lock();
  if (std::filesystem::exists(cache)) return;  // another builder was faster

  Print print(listing.classes);
  Steps steps(progress, "packing " + manifest.name, total(listing));
  std::map<std::string, std::vector<std::int64_t>> ends, labels;
  std::int64_t at = 0;
  {
    CacheFile out(part);
    std::int64_t left_over = out.size();  // of an interrupted builder: whole images are taken over, the rest is cut
    for (auto [name, split] :
         {std::pair<std::string, const Listing::Part*>{"train", &listing.train}, {"test", &listing.test}}) {
      print.split(split->samples.size());
      for (const Sample& sample : split->samples) {
        std::error_code code;
        auto size = static_cast<std::int64_t>(std::filesystem::file_size(root / sample.file, code));
        if (code) throw DataError(fmt::format("{}: {}", (root / sample.file).string(), code.message()));
        std::string bytes;
        if (at + size <= left_over) {
          bytes.resize(static_cast<std::size_t>(size));
          out.read(at, std::as_writable_bytes(std::span(bytes)));
        } else {
          if (at < left_over) out.resize(at);
          left_over = at;
          bytes = read_file(root / sample.file);
          out.write(at, std::as_bytes(std::span(bytes)));
        }
        print.image(sample.label, bytes);
        at += static_cast<std::int64_t>(bytes.size());
        ends[name].push_back(at);
        labels[name].push_back(sample.label);
        steps.one();
      }
    }
    out.resize(at);
  }
  if (print.hex() != fingerprint) {
    std::filesystem::remove(part);
    throw DataError(
        fmt::format("data set {}: the images in {} changed since they were checked ({} then, {} now): restore them, or "
                    "run winnow data "
                    "check {} and let its stages be recomputed",
                    manifest.name, root.string(), fingerprint, print.hex(), manifest.name));
  }
  sync_file(part);
  std::filesystem::rename(part, files);
  std::map<std::string, SafeTensor> tensors;
  // Ends are relative to the split's own first byte.
  std::int64_t train_size = ends["train"].empty() ? 0 : ends["train"].back();
  for (std::int64_t& end : ends["test"]) end -= train_size;
  for (const char* name : {"train", "test"}) {
    auto N = static_cast<std::int64_t>(ends[name].size());
    tensors[std::string(name) + ".ends"] = {"I64", {N}, std::as_bytes(std::span(ends[name]))};
    tensors[std::string(name) + ".labels"] = {"I64", {N}, std::as_bytes(std::span(labels[name]))};
  }
  std::map<std::string, std::string> metadata{{"version", kCacheVersion},
                                              {"fingerprint", fingerprint},
                                              {"classes", nlohmann::json(listing.classes).dump()},
                                              {"files", files.filename().string()},
                                              {"size", std::to_string(at)}};
  if (skipped) metadata["skipped"] = std::to_string(skipped);
  write_atomically(
      cache, [&](const Path& index) { write_safetensors(index, tensors, metadata); }, Existing::keep);
}

}  // namespace winnow::data
